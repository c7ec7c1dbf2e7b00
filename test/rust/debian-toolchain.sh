#!/bin/sh
# For a Debian machine whose Rust has no wasm target and cannot download one: takes Debian's rustc, its linker and the sources of its standard
# library out of their packages into .cache/rust-debian. Installs nothing; rust.test.ts finds it there and builds the standard library for wasm.
set -eu
folder=$(cd "$(dirname "$0")/../.." && pwd)/.cache/rust-debian
rm -rf "$folder"
mkdir -p "$folder/packages" "$folder/root"
cd "$folder/packages"
depends() { apt-cache depends "$1" | sed -n "s/.*Depends: \($2\)\$/\1/p"; }
std=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9][0-9.]*')
llvm=$(depends "$std" 'libllvm[0-9][0-9]*')
lld=${llvm#libllvm}
apt-get -q download rustc-web libstd-rust-web-dev rust-web-src rust-web-llvm "$std" "$llvm" "lld-$lld" "liblld-$lld"
for package in *.deb; do dpkg -x "$package" "$folder/root"; done
cd "$folder"
rm -r packages
cat > rustc <<EOF
#!/bin/sh
PATH=$folder/root/usr/bin:\$PATH LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu exec $folder/root/usr/bin/rustc "\$@"
EOF
chmod +x rustc
./rustc --version
