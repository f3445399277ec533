#!/usr/bin/env bash
# Drives Helix in a terminal of its own: the workspace symbol picker answers a question in plain words.
set -euo pipefail
cd "$WORKSPACE"
session="codanna-helix-$$"
tmux() { command tmux -L "$session" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null || true' EXIT

# Whether the screen comes to show a text within so many seconds.
shows() {
  local end=$((SECONDS + $2))
  until tmux capture-pane -p | grep -qF -- "$1"; do
    if ((SECONDS > end)); then
      return 1
    fi
    sleep 0.1
  done
}
until_shown() {
  if ! shows "$1" 90; then
    tmux capture-pane -p
    echo "not ok - Helix does not show: $1"
    exit 1
  fi
}

mkdir -p "$XDG_CONFIG_HOME/helix"
cp "$HOME/languages.toml" "$XDG_CONFIG_HOME/helix/languages.toml"
tmux new-session -d -x 130 -y 36 "$HX config/settings.py"
until_shown "read_settings"
echo "ok - Helix opens a file"
# The picker does not ask again by itself, so it is opened anew until the index is there.
for _ in $(seq 20); do
  tmux send-keys " S"
  # Without its frame the server is not there yet, and letters would be commands.
  if shows "┌" 3; then
    tmux send-keys "retry failed uploads"
    if shows "_send_with_backoff" 4; then
      break
    fi
    tmux send-keys C-c
  fi
done
until_shown "_send_with_backoff"
echo "ok - the workspace symbol picker answers a question in plain words"
tmux send-keys Enter
until_shown "transfer.py"
until_shown "def _send_with_backoff"
echo "ok - Enter opens the definition"
tmux send-keys Escape ":q!" Enter
echo "3 passed, 0 failed"
