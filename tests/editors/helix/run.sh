#!/usr/bin/env bash
# Drives Helix in a terminal of its own: the workspace symbol picker answers a question in plain words.
set -euo pipefail
cd "$WORKSPACE"
session="codanna-helix-$$"
tmux() { command tmux -L "$session" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null || true' EXIT

# Waits until the screen shows a text; the rest is what to do while it does not.
until_shown() {
  local text=$1
  shift
  for _ in $(seq 150); do
    if tmux capture-pane -p | grep -qF -- "$text"; then
      return 0
    fi
    "$@"
    sleep 0.2
  done
  tmux capture-pane -p
  echo "not ok - Helix does not show: $text"
  exit 1
}

mkdir -p "$XDG_CONFIG_HOME/helix"
cp "$HOME/languages.toml" "$XDG_CONFIG_HOME/helix/languages.toml"
tmux new-session -d -x 130 -y 36 "$HX config/settings.py"
until_shown "read_settings" true
echo "ok - Helix opens a file"
# Until the index is there, the picker stays empty; it does not ask again by itself.
for _ in $(seq 20); do
  tmux send-keys Escape
  tmux send-keys " S"
  sleep 0.3
  tmux send-keys "retry failed uploads"
  sleep 1.5
  if tmux capture-pane -p | grep -qF "_send_with_backoff"; then
    break
  fi
  tmux send-keys Escape
  sleep 0.5
done
until_shown "_send_with_backoff" true
echo "ok - the workspace symbol picker answers a question in plain words"
tmux send-keys Enter
until_shown "transfer.py" true
until_shown "def _send_with_backoff" true
echo "ok - Enter opens the definition"
tmux send-keys Escape ":q!" Enter
echo "3 passed, 0 failed"
