// Prints every use of a name in a JavaScript or TypeScript project with the place that the checker gives.
//   node typescript.mjs PROJECT TYPESCRIPT_MODULE [FOLDER ...] > truth.tsv
import { createRequire } from "node:module";
import path from "node:path";
import fs from "node:fs";

const root = fs.realpathSync(process.argv[2]);
const ts = createRequire(import.meta.url)(path.resolve(process.argv[3]));
const folders = process.argv.slice(4);
const files = [];
const walk = (folder) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) walk(full);
    else if (/\.(m|c)?(t|j)sx?$/.test(entry.name)) files.push(full);
  }
};
for (const folder of folders.length ? folders : ["."]) walk(path.join(root, folder));
const paths = {};
for (const name of fs.readdirSync(root)) {
  const packages = path.join(root, name);
  if (name !== "packages" || !fs.statSync(packages).isDirectory()) continue;
  for (const part of fs.readdirSync(packages)) {
    const manifest = path.join(packages, part, "package.json");
    if (!fs.existsSync(manifest)) continue;
    const called = JSON.parse(fs.readFileSync(manifest, "utf8")).name;
    paths[called] = [path.join(packages, part, "src/index.ts")];
    paths[`${called}/*`] = [path.join(packages, part, "src/*")];
  }
}
const options = {
  allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true, strict: true, esModuleInterop: true,
  target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  jsx: ts.JsxEmit.Preserve, resolveJsonModule: true, allowImportingTsExtensions: true, paths, types: ["node"],
};
const program = ts.createProgram(files, options);
const checker = program.getTypeChecker();
const wanted = new Set(files);

const isCallee = (node) => {
  let top = node;
  if (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) top = node.parent;
  while (ts.isParenthesizedExpression(top.parent) || ts.isNonNullExpression(top.parent)) top = top.parent;
  const call = top.parent;
  if ((ts.isCallExpression(call) || ts.isNewExpression(call)) && call.expression === top) return call;
  return undefined;
};

const places = (node, call) => {
  let found = [];
  if (call) {
    const declared = checker.getResolvedSignature(call)?.declaration;
    if (declared && !ts.isJSDocSignature(declared)) found.push(declared);
  }
  let symbol = checker.getSymbolAtLocation(node);
  if (ts.isShorthandPropertyAssignment(node.parent)) symbol = checker.getShorthandAssignmentValueSymbol(node.parent);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  found = found.concat(symbol?.declarations ?? []);
  // A module is its file.
  if (symbol && symbol.flags & ts.SymbolFlags.ValueModule)
    found = found.concat(symbol.declarations.map((declaration) => declaration.getSourceFile()));
  return found;
};

for (const source of program.getSourceFiles()) {
  if (!wanted.has(source.fileName)) continue;
  const relative = path.relative(root, source.fileName);
  const visit = (node) => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const declares = node.parent.name === node && ts.isDeclaration?.(node.parent) &&
        !ts.isPropertyAccessExpression(node.parent) && !ts.isShorthandPropertyAssignment(node.parent);
      if (!declares) {
        const call = isCallee(node);
        const at = source.getLineAndCharacterOfPosition(node.getStart());
        const lineStart = source.getPositionOfLineAndCharacter(at.line, 0);
        const column = Buffer.byteLength(source.text.slice(lineStart, node.getStart()));
        const rows = new Set();
        for (const declaration of places(node, call)) {
          const file = declaration.getSourceFile();
          // A file of the project that was not given is no place outside of the project.
          const inside = file.fileName.startsWith(root + path.sep) && !file.fileName.includes("/node_modules/");
          const name = ts.getNameOfDeclaration(declaration) ?? declaration;
          const line = name === file ? 0 : file.getLineAndCharacterOfPosition(name.getStart()).line;
          rows.add(inside ? `${path.relative(root, file.fileName)}\t${line}` : "-\t0");
        }
        for (const row of rows)
          console.log([relative, at.line, column, call ? "call" : "ref", node.text, row].join("\t"));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}
