#!/bin/sh
# The first process of a node's namespaces: prepares what its programs see of the machine, and lives as long as they.
#
#   init.sh FOLDER
set -eu
folder=$1

# Kubelet, containerd and CNI plugins write to these wherever their own folders are. They see the machine's, and write into memory.
# The node's folder, which may be inside of one of them, stays the machine's.
exec 9< "$folder"
written=$folder/state/written
mkdir -p "$written"
mount -n -t tmpfs node "$written"
for place in /run /var/lib /var/log; do
  mkdir -p "$written$place" "$written/work$place"
  mount -n -t overlay node -o "lowerdir=$place,upperdir=$written$place,workdir=$written/work$place" "$place"
done
mount -n --no-canonicalize --bind /proc/self/fd/9 "$folder"
exec 9<&-

# The kubelet sets these for the whole machine. It finds them set.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$folder/state/settings/${setting%=*}
  mkdir -p "$(dirname "$file")"
  echo "${setting#*=}" > "$file"
  mount -n --bind "$file" "/proc/sys/${setting%=*}"
done

ip link set lo up
: > "$folder/state/namespaces"
# Whoever loses its parent becomes a child of this one, which takes note of its end while it waits.
while :; do
  sleep 3600 &
  wait "$!"
done
