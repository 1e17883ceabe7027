#!/bin/bash
# `make systemd`: the set-up of docs/operations.md (without the package), and then the units under a real systemd.
#
# Everything happens in an overlay over this machine's root, in namespaces of its own: what is
# installed, written or listened on there is gone when it ends, and nothing outside is touched.
# Needs root, overlayfs, systemd, iproute2 and smtp-sink (Debian: postfix).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "make systemd needs root"; exit 2; }

case "${1:-}" in
"")
  said=$(mktemp)
  trap 'rm -f "$said"' EXIT
  timeout 600 unshare --mount "$0" in-overlay "$said"
  cat "$said"
  grep -q '^all is well$' "$said"
  ;;

in-overlay) # An overlay in the place of /, and the installation in it.
  mount --make-rprivate /
  mount -t tmpfs tmpfs /media
  mkdir /media/upper /media/work /media/root
  mount -t overlay -o lowerdir=/,upperdir=/media/upper,workdir=/media/work overlay /media/root
  cd /media/root
  for folder in proc sys dev; do mount --rbind "/$folder" "$folder"; done
  mount -t tmpfs -o mode=1777 tmpfs tmp
  touch tmp/said && mount --bind "$2" tmp/said
  mkdir -p outside && pivot_root . outside
  cd "$tree"
  /usr/bin/python3 -m venv /opt/waypost
  /opt/waypost/bin/pip install --quiet --require-hashes -r requirements-build.txt
  /opt/waypost/bin/pip install --quiet --use-pep517 --no-build-isolation --require-hashes -r requirements.txt
  cp -r "$tree" /tmp/tree && cd /tmp/tree
  /opt/waypost/bin/pip install --quiet --no-build-isolation --no-deps .
  install -m 644 systemd/waypost.sysusers /usr/lib/sysusers.d/waypost.conf && systemd-sysusers
  install -m 644 systemd/waypost-*.service systemd/waypost-*.socket /etc/systemd/system/
  /opt/waypost/bin/waypost init /etc/waypost --domain example.com >/dev/null
  cp tests/systemd/story.py tests/support/clients/by_hand.py /opt/
  exec unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child "$0" boot
  ;;

boot) # The first process of a machine of its own.
  mount --make-rprivate /
  mount -t proc proc /proc
  umount --recursive --lazy /outside /sys /dev
  ip link set lo up
  mount -t sysfs -o ro sysfs /sys
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs -o mode=755 tmpfs /dev
  while read -r name major minor; do mknod -m 666 "/dev/$name" c "$major" "$minor"; done <<-DEVICES
	null 1 3
	zero 1 5
	full 1 7
	random 1 8
	urandom 1 9
	tty 5 0
	DEVICES
  mkdir /dev/pts /dev/shm /dev/mqueue /dev/hugepages
  mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  ln -s pts/ptmx /dev/ptmx
  ln -s /proc/self/fd /dev/fd
  mount --make-rshared /
  mkdir -p /run/systemd/system/wanted.target.wants
  # Nothing of this machine's own starts, and nothing reaches for devices or clears folders.
  cat >/run/systemd/system/wanted.target <<-UNIT
	[Unit]
	Wants=story.service
	UNIT
  cat >/run/systemd/system/story.service <<-UNIT
	[Service]
	Type=oneshot
	StandardOutput=append:/tmp/said
	StandardError=append:/tmp/said
	ExecStart=/usr/bin/python3 /opt/story.py
	ExecStopPost=/bin/systemctl exit 0
	TimeoutStartSec=400
	UNIT
  for unit in systemd-udevd systemd-udev-trigger systemd-modules-load systemd-sysctl \
    systemd-tmpfiles-setup systemd-tmpfiles-clean systemd-remount-fs systemd-logind; do
    ln -s /dev/null "/run/systemd/system/$unit.service"
  done
  container=waypost exec /lib/systemd/systemd --system --unit=wanted.target --show-status=no
  ;;
esac
