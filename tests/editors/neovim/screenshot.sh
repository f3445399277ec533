#!/usr/bin/env bash
# A picture of the plug-in's own picker, drawn by Neovim in a terminal and painted by a browser.
set -euo pipefail
cd "$WORKSPACE"
session="codanna-neovim-$$"
tmux() { command tmux -L "$session" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null || true' EXIT

tmux new-session -d -x 140 -y 44 "TERM=tmux-256color $NVIM -u '$EDITOR_TESTS/neovim/init.lua' \
  -c 'set termguicolors background=$THEME laststatus=2 | syntax on | runtime! plugin/*.lua plugin/*.vim' \
  -c 'lua require(\"codanna\").setup({})' $FIRST"
tmux set-option -ga terminal-overrides ',*:Tc'

# Waits until the screen shows a text.
until_shown() {
  for _ in $(seq 6000); do
    if tmux capture-pane -p | grep -qF -- "$1"; then
      return 0
    fi
    sleep 0.1
  done
  tmux capture-pane -p
  echo "not ok - Neovim does not show: $1"
  exit 1
}

until_shown "$FIRST_SHOWS"
tmux send-keys ":lua vim.wait(600000, function() local f = require('codanna.status').folders()[1] \
return f and f.state == 'ready' and f.symbols > 0 end)" Enter
tmux send-keys ":Codanna search" Enter
until_shown "Search by meaning"
tmux send-keys "$QUESTION"
until_shown "found"
until_shown "$ANSWER"
tmux capture-pane -p -e > "$HOME/screen.txt"
"$NODE" "$EDITOR_TESTS/neovim/screenshot.mjs" "$HOME/screen.txt" "$SHOTS/$PICTURE"
tmux send-keys Escape Escape ":qall!" Enter
echo "ok - a picture of the picker"
