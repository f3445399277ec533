# `ignore-python` is not in nixpkgs as far as its authors know, and `tree-sitter-language-pack` has to be 0.13 with
# its grammars inside: later ones download each grammar when it is first used.
{
  lib,
  python3Packages,
  fetchurl,
}:

python3Packages.buildPythonApplication rec {
  pname = "codanna-lsp";
  version = "@VERSION@";
  pyproject = true;

  src = fetchurl {
    url = "@HOMEPAGE@/releases/download/v${version}/codanna_lsp-${version}.tar.gz";
    hash = "@SDIST_SRI@";
  };

  build-system = [ python3Packages.hatchling ];

  dependencies = with python3Packages; [
@NIX_DEPENDENCIES@
  ];

  pythonImportsCheck = [
    "codanna_core"
    "codanna_lsp"
  ];

  meta = {
    description = "Language server that finds code by meaning, in any language, offline";
    homepage = "@HOMEPAGE@";
    changelog = "@HOMEPAGE@/blob/v${version}/CHANGELOG.md";
    license = lib.licenses.asl20;
    mainProgram = "codanna-lsp";
  };
}
