#!/bin/sh
# Links the pinned Node into node_modules/.bin, so that every `npm run` uses it whatever Node the
# shell has (npm 9 and 10 do not link the binary of an optional platform package by themselves).
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "swancast: no pinned Node for $(uname -m): use a Node 24 of your own" >&2; exit 0 ;;
esac
if [ -x "node_modules/node-linux-$arch/bin/node" ]; then
  mkdir -p node_modules/.bin
  ln -sf "../node-linux-$arch/bin/node" node_modules/.bin/node
fi
