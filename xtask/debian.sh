# Debian packages for `run`, `check` and `cargo xtask`: installed where that is allowed, unpacked below build/debian where
# it is not. Sourced for its functions, or run as `bash xtask/debian.sh PACKAGE…`.

debian_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
debian_home=$debian_top/build/debian # what an ordinary user's own copies lie in
debian_root=$debian_home/root

# Programs and libraries that were unpacked before come after the machine's own.
debian_paths() {
	[ -d "$debian_root" ] || return 0
	case ":$PATH:" in *":$debian_root/usr/bin:"*) return 0 ;; esac
	export PATH="$PATH:$debian_root/usr/bin"
	local libraries=$debian_root/usr/lib/x86_64-linux-gnu
	# The browser's sound library keeps a part of itself in a folder of its own.
	libraries=$libraries:$debian_root/lib/x86_64-linux-gnu:$libraries/pulseaudio
	export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries"
}

debian_has() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] || [ -e "$debian_home/have/$1" ]; }

# apt as an ordinary user: the machine's sources and installed packages, lists and archives of our own.
debian_apt() {
	mkdir -p "$debian_home/lists/partial" "$debian_home/archives/partial"
	apt-get -o Dir::State::Lists="$debian_home/lists" -o Dir::Cache="$debian_home" -o Dir::Cache::Archives="$debian_home/archives" \
		-o Debug::NoLocking=1 -o APT::Sandbox::User= -qq "$@" </dev/null
}

# What has to be unpacked so that packages work here.
debian_needed() {
	debian_apt -s --no-install-recommends -o APT::Get::AutomaticRemove=0 install "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p'
}

# debian_unpack [--alone] PACKAGE…: with what they need of Debian, or without: newer libraries would come before those of the browsers.
debian_unpack() {
	local names name
	debian_apt update || return 1
	if [ "$1" = --alone ]; then names=${*:2}; else names=$(debian_needed "$@") || return 1; fi
	mkdir -p "$debian_root" "$debian_home/have"
	for name in $names; do
		[ -e "$debian_home/have/$name" ] && continue
		(cd "$debian_home/archives" && rm -f "${name}"_*.deb && debian_apt download "$name" && dpkg-deb -x "${name}"_*.deb "$debian_root") || return 1
		rm -f "$debian_home/archives/${name}"_*.deb
		: >"$debian_home/have/$name"
	done
	[ ! -x "$debian_root/usr/bin/gcc" ] || debian_linker
}

# An unpacked gcc links when it takes its own folder for the root of the system, and finds the machine's libraries there.
debian_linker() {
	local file
	for file in {/usr,}/lib/x86_64-linux-gnu/*.so.* {/usr,}/lib64/*.so.*; do
		[ -e "$debian_root$file" ] || { mkdir -p "$debian_root${file%/*}" && ln -sf "$file" "$debian_root$file"; }
	done
	printf '#!/bin/sh\nexec %s --sysroot=%s "$@"\n' "$debian_root/usr/bin/gcc" "$debian_root" >"$debian_root/usr/bin/cc"
	chmod +x "$debian_root/usr/bin/cc"
}

# debian PACKAGE…: makes them available, or says what to install by hand and fails.
debian() {
	local missing=() name apt
	for name in "$@"; do debian_has "$name" || missing+=("$name"); done
	if [ ${#missing[@]} -gt 0 ]; then
		if ! command -v apt-get >/dev/null; then
			echo "this machine has no apt-get; please install by other means: ${missing[*]}" >&2
			return 1
		fi
		apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
		if [ "$(id -u)" != 0 ]; then
			if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then apt=(sudo -n "${apt[@]}"); else apt=(); fi
		fi
		echo "  Debian packages: ${missing[*]}"
		if [ ${#apt[@]} -gt 0 ]; then
			{ "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } </dev/null >"$debian_log" 2>&1
		else
			echo "  (not root: unpacking them below build/debian)"
			debian_unpack "${missing[@]}" >"$debian_log" 2>&1
		fi || {
			tail -n 15 "$debian_log" >&2
			echo "could not get ${missing[*]}; as root: apt-get update && apt-get install ${missing[*]}" >&2
			return 1
		}
	fi
	debian_paths
}

mkdir -p "$debian_top/build"
debian_log=$debian_top/build/debian.log
debian_paths
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	set -euo pipefail
	debian "$@"
fi
