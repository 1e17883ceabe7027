#!/bin/bash
# `make deb-test`: the Debian package in a new Debian: install, mail, click, upgrade, remove, purge.
#
# The chroot is of this machine's release, as the package is, or of $DEBIAN_RELEASE (trixie) for one that was
# built there. Needs root, debootstrap, iproute2, and a mirror ($DEBIAN_MIRROR); takes a few minutes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

case "${1:-}" in
inside) # In namespaces of its own: no port of this machine's is in the way.
  mount --make-rprivate /
  mount -t proc proc "$2/proc"
  ip link set lo up
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 chroot "$2" /usr/bin/python3 /story/story.py
  ;;

*) # The package to try; the one that `make deb` made.
  package=${1:-$(ls "$here"/../../build/deb/waypost_*.deb)}
  [ "$(id -u)" -eq 0 ] || { echo "not tried: this needs root"; exit 2; }
  for program in debootstrap dpkg-deb ip unshare; do
    command -v "$program" >/dev/null || { echo "not tried: $program is not installed"; exit 2; }
  done
  place=$(mktemp -d)
  trap 'rm -rf --one-file-system "$place"' EXIT
  root=$place/root
  release=${DEBIAN_RELEASE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
  debootstrap --variant=minbase "$release" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$place/log" ||
    { tail "$place/log"; exit 1; }
  mkdir "$root/story"
  cp "$here/story.py" "$here/../support/clients/by_hand.py" "$root/story/"
  cp "$package" "$root/story/first.deb"
  dpkg-deb --raw-extract "$package" "$place/next"
  sed -i 's/^Version: .*/&+1/' "$place/next/DEBIAN/control"
  dpkg-deb --build --root-owner-group -Znone "$place/next" "$root/story/next.deb" >/dev/null
  install='apt-get update -qq && apt-get install -y -qq --no-install-recommends /story/first.deb'
  DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 env -u TMPDIR chroot "$root" sh -c "$install" >"$place/log" 2>&1 ||
    { tail "$place/log"; exit 1; }
  grep --after-context=3 '^Waypost starts once' "$place/log"
  unshare --mount --pid --net --fork --kill-child "$0" inside "$root"
  ;;
esac
