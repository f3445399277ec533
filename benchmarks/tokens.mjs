// Counts tokens of texts: a JSON list on standard input, a list of counts by tokenizer on standard output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(process.cwd(), "build", "tokens", "package.json")));
const o200k = require("gpt-tokenizer/encoding/o200k_base");
const cl100k = require("gpt-tokenizer/encoding/cl100k_base");
const claude = require("@anthropic-ai/tokenizer").getTokenizer();

const asText = { disallowedSpecial: new Set() };
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(
  JSON.stringify(
    texts.map((text) => ({
      o200k: o200k.encode(text, asText).length,
      cl100k: cl100k.encode(text, asText).length,
      claude: claude.encode(text.normalize("NFKC"), "all").length,
    })),
  ),
);
