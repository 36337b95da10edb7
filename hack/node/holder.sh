#!/bin/sh
# Holds a node: the namespaces that everything of it lives in, and its control groups.
#
#   holder.sh NAME FOLDER
#
# At SIGTERM it ends the first process of the namespaces (init.sh), and the kernel ends every other and takes back mounts, links, addresses, packet filters and
# settings of the network. Control groups are no namespace's, so they are removed here: at the end, and at the start what a killed holder has left.
set -u
name=$1
folder=$2

groups() {
  find /sys/fs/cgroup -depth -type d \( -path "*/$name" -o -path "*/$name/*" \) "$@"
}

remove_groups() {
  attempts=100
  # The last processes may take a moment to be gone.
  while groups -exec rmdir {} + 2> /dev/null; [ -n "$(groups)" ]; do
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || { echo "control groups of $name are in use" >&2; return 1; }
    sleep 0.1
  done
}

# The kubelet wants its root to be there already, in every hierarchy.
make_groups() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir "/sys/fs/cgroup/$name"
  else
    for hierarchy in /sys/fs/cgroup/*/; do mkdir -p "$hierarchy$name"; done
  fi
}

remove_groups && make_groups || exit
trap 'kill -KILL "$namespaces"' TERM
unshare --pid --fork --kill-child --mount --mount-proc --net --ipc -- sh "$(dirname "$0")/init.sh" "$folder" &
namespaces=$!
wait "$namespaces"
# The link would go with its namespace, which connections that wait for an answer keep for up to two minutes.
ip link delete "$name" 2> /dev/null
remove_groups
