#!/usr/bin/env bash
# deb_root.sh SUITE DEST PACKAGE...  unpacks packages of another Debian suite, with all they need, under DEST.
# The machine's own packages and apt sources stay as they are; the mirror is the one that the machine uses anyway.
set -euo pipefail
suite=$1
dest=$(mkdir -p "$2" && realpath "$2")
shift 2

apt=$dest/.apt
rm -rf "$apt"
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
: > "$apt/status" # Nothing counts as installed, so that the whole closure is fetched.
sources=/etc/apt/sources.list.d/debian.sources
if [ ! -r "$sources" ]; then
  echo "deb_root.sh: $sources is missing, so no Debian mirror is known" >&2
  exit 1
fi
awk -v RS= 'NR == 1' "$sources" | sed "s/^Suites: .*/Suites: $suite/" > "$apt/suite.sources"
options=(
  -o Dir::Etc::SourceList="$apt/suite.sources" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status"
  -o Dir::Cache::archives="$apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Debug::NoLocking=1
)
apt-get "${options[@]}" -qq update
apt-get "${options[@]}" -qq -y --download-only install "$@"
for package in "$apt"/archives/*.deb; do
  dpkg-deb -x "$package" "$dest"
done
rm -rf "$apt"
