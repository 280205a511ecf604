# What the machine must have before anything of ours can be built: Rust, and for the tests Python, Node and browsers.
# Sourced by `run` and `check`, which set `set -euo pipefail`.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
. xtask/debian.sh

# newer OLD NEW: whether version NEW is OLD or later.
newer() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1; }
rust_found() { rustc -V 2>/dev/null | cut -d ' ' -f 2; }

# A cargo that is new enough, and something to link with.
need_rust() {
	local wanted found
	wanted=$(rust_wanted)
	found=$(rust_found || true)
	if [ -z "$found" ] || ! newer "$wanted" "$found" || ! command -v cargo >/dev/null; then
		echo "  no Rust $wanted or newer on the path${found:+ (it is $found)}: taking Debian's"
		debian rustc-web cargo-web rust-web-src
		hash -r
		# An older Rust would still come first.
		PATH="$debian_root/usr/bin:/usr/bin:$PATH"
		found=$(rust_found || true)
		if [ -z "$found" ] || ! newer "$wanted" "$found"; then
			echo "Rust $wanted is needed, and Debian has ${found:-none} here; install it from https://rustup.rs, or add Debian's security updates" >&2
			return 1
		fi
	fi
	if ! command -v cc >/dev/null; then
		debian gcc libc6-dev
		if ! command -v cc >/dev/null; then
			echo "Rust needs a C compiler to link with; as root: apt-get install gcc libc6-dev" >&2
			return 1
		fi
	fi
	echo "  Rust $found ($(command -v cargo))"
}

need_node() {
	local found
	found=$(node --version 2>/dev/null || true)
	if [ -z "$found" ] || ! newer 20 "${found#v}" || ! command -v npm >/dev/null; then
		echo "Node 20 or newer with npm is needed${found:+ (this is $found)}" >&2
		return 1
	fi
	echo "  Node ${found#v}"
}

# rustfmt and clippy of the Rust in use.
need_lints() {
	if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
		case $(command -v cargo) in
		*/.cargo/bin/cargo) rustup component add rustfmt clippy ;;
		*) debian rustfmt-web rust-web-clippy ;;
		esac
	fi
	echo "  $(cargo fmt --version), $(cargo clippy --version)"
}

need_python() {
	if ! python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
		echo "Python 3.11 is needed as python3, for the packages that the reference was recorded with" >&2
		return 1
	fi
	echo "  $(python3 -V)"
}

# A browser and its driver: as installed, as unpacked, or as CHROMIUM and CHROMEDRIVER say.
need_chromium() {
	local flags='["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]'
	[ -x "${CHROMIUM:-}" ] && [ -x "${CHROMEDRIVER:-}" ] || debian chromium chromium-driver fonts-dejavu-core
	if [ ! -x "${CHROMIUM:-}" ]; then
		CHROMIUM=/usr/bin/chromium
		# The start script of the package knows only its installed place.
		if [ ! -x "$CHROMIUM" ]; then
			CHROMIUM=$debian_root/usr/lib/chromium/chromium
			export FONTCONFIG_FILE=$top/build/fonts.conf
			printf '<fontconfig><dir>%s</dir><cachedir>%s</cachedir></fontconfig>\n' "$debian_root/usr/share/fonts" "$top/build/fonts" >"$FONTCONFIG_FILE"
		fi
	fi
	[ -x "${CHROMEDRIVER:-}" ] || CHROMEDRIVER=$(command -v chromedriver)
	export CHROMIUM CHROMEDRIVER WASM_BINDGEN_TEST_WEBDRIVER_JSON=$top/build/webdriver.json
	printf '{"goog:chromeOptions": {"binary": "%s", "args": %s}}\n' "$CHROMIUM" "$flags" >"$WASM_BINDGEN_TEST_WEBDRIVER_JSON"
	echo "  $("$CHROMIUM" --version --no-sandbox 2>/dev/null || echo "$CHROMIUM does not start")"
}

# An unpacked Xvfb looks for its keyboard compiler in /usr/bin: a copy of it that looks below the folder it is started in.
unpacked_display() {
	python3 - "$debian_root/usr/bin/Xvfb" <<'PYTHON'
import sys
from pathlib import Path

program = Path(sys.argv[1])
data = program.read_bytes()
if data.count(b"\0/usr/bin\0") == 1:
    program.unlink()
    program.write_bytes(data.replace(b"\0/usr/bin\0", b"\0usr/bin\0\0"))
    program.chmod(0o755)
PYTHON
	XVFB=$top/build/debian/display
	printf '#!/bin/sh\ncd %s && exec usr/bin/Xvfb -xkbdir %s "$@"\n' "$debian_root" "$debian_root/usr/share/X11/xkb" >"$XVFB"
	chmod +x "$XVFB"
}

# A second browser, and a virtual display with Mesa's software WebGL for it: as installed, as unpacked, or as FIREFOX and XVFB say.
need_firefox() {
	[ -x "${FIREFOX:-}" ] && [ -x "${XVFB:-}" ] || debian firefox-esr xvfb xkb-data x11-xkb-utils libgl1-mesa-dri libegl-mesa0 libglx-mesa0
	if [ ! -x "${FIREFOX:-}" ]; then
		FIREFOX=/usr/bin/firefox-esr
		if [ ! -x "$FIREFOX" ]; then
			FIREFOX=$debian_root/usr/lib/firefox-esr/firefox-esr
			export LIBGL_DRIVERS_PATH=$debian_root/usr/lib/x86_64-linux-gnu/dri
			export __EGL_VENDOR_LIBRARY_DIRS=$debian_root/usr/share/glvnd/egl_vendor.d
		fi
	fi
	if [ ! -x "${XVFB:-}" ]; then
		XVFB=/usr/bin/Xvfb
		[ -x "$XVFB" ] || unpacked_display
	fi
	export FIREFOX XVFB
	echo "  $("$FIREFOX" --version 2>/dev/null || echo "$FIREFOX does not start")"
}

# need_host VARIABLE PROGRAM PACKAGE: unpacked, not installed: Debian's packages would begin to serve something on port 80.
need_host() {
	local found=${!1:-}
	[ -x "$found" ] || found=/usr/$2
	if [ ! -x "$found" ]; then
		found=$debian_root/usr/$2
		if [ ! -x "$found" ] && ! debian_unpack "${@:3}" >"$debian_log" 2>&1; then
			tail -n 15 "$debian_log" >&2
			echo "could not unpack ${*: -1}; install it, or name it with $1" >&2
			return 1
		fi
		debian_paths
	fi
	export "$1=$found"
	echo "  $found"
}

need_hosts() {
	need_host NGINX sbin/nginx nginx
	need_host APACHE sbin/apache2 apache2-bin
	# A single file, but for tools that put its certificates into browsers.
	need_host CADDY bin/caddy --alone caddy
}

# fresh NAME FILE…: whether what NAME stands for was made from just these files; `made` notes that it was.
stamp() { { echo "$stamp_extra"; sha256sum "$@"; } | sha256sum | cut -d ' ' -f 1; }
stamp_extra= # what else it depends on, besides files
fresh() {
	local name=$1
	shift
	[ "$(cat "build/stamps/$name" 2>/dev/null)" = "$(stamp "$@")" ]
}
made() {
	local name=$1
	shift
	mkdir -p build/stamps
	stamp "$@" >"build/stamps/$name"
}
