"""Which file system holds a path, and which of them are shared over a network."""

from pathlib import Path

MOUNTS = Path("/proc/self/mounts")

# Where locks or shared memory do not reach other machines, or not reliably. 9p is left out: it is how virtual
# machines and containers show their own host's disk, where every user of the file is on one kernel.
NETWORK_FILE_SYSTEMS = frozenset(
    [
        *["nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs"],
        *["gfs2", "ocfs2", "orangefs", "pvfs2", "panfs", "wekafs", "fuse.sshfs", "fuse.glusterfs"],
        *["fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs", "fuse.juicefs"],
    ]
)


def file_system_of(path: Path) -> str:
    """Returns the type of the file system that holds a path, which need not be there yet.

    Returns:
        As in /proc/mounts, such as "ext4"; "" where there is no /proc (macOS), and so a SQLite file on a network file
        system is not refused there.
    """
    try:
        table = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return find_file_system(path.resolve(), table)


def find_file_system(path: Path, table: str) -> str:
    """Returns the type of the deepest mount above an absolute path.

    Args:
        path: Absolute, links resolved.
        table: The text of /proc/mounts: device, folder, type, ... by line; later lines hide earlier ones.
    """
    found, depth = "", -1
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        folder = Path(_unescaped(fields[1]))
        if path.is_relative_to(folder) and len(folder.parts) >= depth:
            found, depth = fields[2], len(folder.parts)
    return found


def _unescaped(folder: str) -> str:
    """The kernel writes space, tab, newline and backslash as octal escapes."""
    for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        folder = folder.replace(code, letter)
    return folder
