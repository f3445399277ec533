"""Completion scripts for shells. Every word and sentence of ours is quoted for the shell that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from codanna_core.cli.tree import Argument, Command, Takes

_WRITTEN = "Completion of codanna-lsp, made by `codanna-lsp completion {}`."


def bash(tree: Command) -> str:
    """For bash 3.2 and newer."""
    names = [command.name for command in tree.all() if command.name]
    lines = [
        f"# {_WRITTEN.format('bash')}",
        "_codanna_lsp() {",
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}",
        "    local command= words= paths= index IFS=$' \\t\\n'",
        "    for ((index = 1; index < COMP_CWORD; index++)); do",
        '        case "$command ${COMP_WORDS[index]}" in',
        f"            {'|'.join(_single(_bash_path(name)) for name in names)})",
        '                command="${command:+$command }${COMP_WORDS[index]}" ;;',
        "        esac",
        "    done",
        '    case "$command $before" in',
    ]
    for command in tree.all():
        for option in command.options:
            if option.takes is not Takes.NOTHING:
                patterns = "|".join(_single(f"{command.name} {flag}") for flag in option.flags)
                lines.append(f"        {patterns}) {_bash_values([option])} ;;")
    lines += ["        *)", '            case "$command $word" in']
    for command in reversed(list(tree.all())):  # `vector search-vector` is also a `vector`.
        flags = " ".join(flag for option in command.options for flag in option.flags)
        lines.append(f"                {_single(command.name + ' -')}*) words={_single(flags)} ;;")
        below = " ".join(inner.name.rpartition(" ")[2] for inner in command.below)
        values = f"words={_single(below)}" if below else _bash_values(command.operands)
        lines.append(f"                {_single(command.name + ' ')}*) {values} ;;")
    lines += [
        "            esac ;;",
        "    esac",
        "    COMPREPLY=()",
        '    if [[ -n $words ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); fi',
        "    if [[ -n $paths ]]; then",
        "        IFS=$'\\n'",
        '        COMPREPLY+=($(compgen "$paths" -- "$word"))',
        "        compopt -o filenames 2> /dev/null",
        "    fi",
        "    if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2> /dev/null; fi",
        "}",
        "complete -F _codanna_lsp codanna-lsp",
    ]
    return "\n".join(lines)


def _bash_path(name: str) -> str:
    """What the loop over the words sees: the command so far, a space, the next word."""
    return name if " " in name else f" {name}"


def _bash_values(arguments: Sequence[Argument]) -> str:
    words = " ".join(word for argument in arguments for word in argument.words)
    kinds = {argument.takes for argument in arguments}
    paths = "-f" if Takes.FILE in kinds else "-d" if Takes.FOLDER in kinds else ""
    parts = [f"words={_single(words)}"] if words else []
    return "; ".join(parts + ([f"paths={paths}"] if paths else [])) or ":"


def zsh(tree: Command) -> str:
    """For zsh, as an autoloaded function or sourced."""
    lines = ["#compdef codanna-lsp", f"# {_WRITTEN.format('zsh')}", ""]
    for command in tree.all():
        lines += _zsh_function(command)
    # Autoloaded, the file is the function; sourced, it says whose.
    lines.append("if [[ $funcstack[1] == _codanna-lsp ]]; then")
    lines += ['    _codanna-lsp "$@"', "else", "    compdef _codanna-lsp codanna-lsp", "fi"]
    return "\n".join(lines)


def _zsh_function(command: Command) -> Iterator[str]:
    yield f"{_zsh_name(command)}() {{"
    specs = [spec for option in command.options for spec in _zsh_option(option)]
    if command.below:
        yield "    local context state state_descr line"
        yield "    typeset -A opt_args"
        specs += [_single("1: :->command"), _single("*:: :->rest")]
        yield from _continued("    _arguments -C", specs)
        yield "    case $state in"
        yield "        command)"
        yield "            local -a commands=("
        for inner in command.below:
            word = inner.name.rpartition(" ")[2]
            yield f"                {_single(f'{word}:{inner.help}')}"
        yield "            )"
        yield "            _describe -t commands command commands ;;"
        yield "        rest)"
        yield "            case $words[1] in"
        for inner in command.below:
            yield f"                {_single(inner.name.rpartition(' ')[2])}) {_zsh_name(inner)} ;;"
        yield "            esac ;;"
        yield "    esac"
    else:
        specs += [
            _single(f"{number}:{_zsh_text(operand.metavar.lower())}:{_zsh_values(operand)}")
            for number, operand in enumerate(command.operands, 1)
        ]
        yield from _continued("    _arguments", specs)
    yield "}"
    yield ""


def _continued(head: str, specs: Sequence[str]) -> Iterator[str]:
    yield " \\\n        ".join([head, *specs])


def _zsh_name(command: Command) -> str:
    return "_codanna-lsp" + "".join(f"_{word}" for word in command.name.split())


def _zsh_option(option: Argument) -> Iterator[str]:
    for flag in option.flags:
        spec = f"*{flag}[{_zsh_text(option.help)}]"
        if option.takes is not Takes.NOTHING:
            spec += f":{_zsh_text(option.metavar)}:{_zsh_values(option)}"
        yield _single(spec)


def _zsh_values(argument: Argument) -> str:
    if argument.words:
        return f"({' '.join(_zsh_text(word) for word in argument.words)})"
    return {Takes.FILE: "_files", Takes.FOLDER: "_files -/"}.get(argument.takes, " ")


def _zsh_text(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\[]:" else letter for letter in text)


def fish(tree: Command) -> str:
    """For fish 3 and newer."""
    lines = [f"# {_WRITTEN.format('fish')}", "complete -c codanna-lsp -f"]
    for command in tree.all():
        where = _fish_where(command)
        for inner in command.below:
            word = _fish(inner.name.rpartition(" ")[2])
            lines.append(f"complete -c codanna-lsp {where} -a {word} -d {_fish(inner.help)}")
        for option in command.options:
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
            )
            values = _fish_values(option)
            lines.append(f"complete -c codanna-lsp {where} {flags}{values} -d {_fish(option.help)}")
        lines += [
            f"complete -c codanna-lsp {where}{values}"
            for values in map(_fish_values, command.operands)
            if values
        ]
    return "\n".join(lines)


def _fish_where(command: Command) -> str:
    words = command.name.split()
    parts = [f"__fish_seen_subcommand_from {word}" for word in words] or ["__fish_use_subcommand"]
    if words and command.below:
        below = " ".join(inner.name.rpartition(" ")[2] for inner in command.below)
        parts.append(f"not __fish_seen_subcommand_from {below}")
    return f"-n {_fish('; and '.join(parts))}"


def _fish_values(argument: Argument) -> str:
    named = " -x" if argument.is_option else ""
    if argument.words:
        return f"{named} -a {_fish(' '.join(argument.words))}"
    if argument.takes is Takes.FILE:
        return f"{' -r' if argument.is_option else ''} -F"
    if argument.takes is Takes.FOLDER:
        return f"{named} -a '(__fish_complete_directories)'"
    return named if argument.takes is Takes.WORD and argument.is_option else ""


def powershell(tree: Command) -> str:
    """For PowerShell 5 and newer."""
    lines = [
        f"# {_WRITTEN.format('powershell')}",
        "Register-ArgumentCompleter -Native -CommandName codanna-lsp -ScriptBlock {",
        "    param($word, $ast, $cursor)",
        "    $known = @{",
    ]
    for command in tree.all():
        offered = [(inner.name.rpartition(" ")[2], inner.help) for inner in command.below]
        offered += [(word, operand.help) for operand in command.operands for word in operand.words]
        offered += [(flag, option.help) for option in command.options for flag in option.flags]
        lines.append(f"        {_power(command.name)} = {_power_list(offered)}")
        for option in command.options:
            if option.takes is not Takes.NOTHING:
                values = _power_list([(value, value) for value in option.words])
                lines += [
                    f"        {_power(f'{command.name} {flag}'.strip())} = {values}" for flag in option.flags
                ]
    lines += [
        "    }",
        "    $words = @($ast.CommandElements | Select-Object -Skip 1 |",
        "        Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.ToString() })",
        "    $command = ''",
        "    foreach ($one in $words) {",
        '        $next = "$command $one".Trim()',
        "        if (-not $one.StartsWith('-') -and $known.ContainsKey($next)) { $command = $next }",
        "    }",
        "    $key = $command",
        "    if ($words.Count -and $words[-1].StartsWith('-')) {",
        '        $option = "$command $($words[-1])".Trim()',
        "        if ($known.ContainsKey($option)) { $key = $option }",
        "    }",
        "    foreach ($line in $known[$key]) {",
        '        $value, $help = $line.Split("`t")',
        "        if ($value.StartsWith($word)) {",
        "            [System.Management.Automation.CompletionResult]::new(",
        "                $value, $value, 'ParameterValue', $help)",
        "        }",
        "    }",
        "}",
    ]
    return "\n".join(lines)


def _power_list(offered: Sequence[tuple[str, str]]) -> str:
    return f"@({', '.join(_power(f'{word}{chr(9)}{text or word}') for word, text in offered)})"


def _single(text: str) -> str:
    """In single quotes, as bash and zsh read them."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _power(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SCRIPTS: dict[str, Callable[[Command], str]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
    "powershell": powershell,
}
