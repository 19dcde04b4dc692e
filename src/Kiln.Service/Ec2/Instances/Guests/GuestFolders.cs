using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Calls;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The runtime folders of this node's machines: <c>ROOT/HASH-OF-DATA/INSTANCE</c>.</summary>
/// <remarks>
/// ROOT is <see cref="ServiceOptions.GuestFolder"/>, or <c>/run/kiln</c> for root and <c>/tmp/kiln-UID</c> for anyone
/// else: not <c>$XDG_RUNTIME_DIR</c>, which is removed under running machines when their user logs out.
/// </remarks>
public sealed class GuestFolders(ServiceOptions options)
{
    // Longest name below an instance's folder: "/run/serial.sock"; an instance's own: "/i-" and 17 digits.
    private const int RootBytesMax = 107 - 16 - 20 - 9;

    /// <summary>The folder of all machines of this data folder.</summary>
    public string Root { get; } = Path.Combine(
        options.GuestFolder.Length > 0 ? Path.GetFullPath(options.GuestFolder) : DefaultRoot(), HashOf(options.Data));

    /// <summary>A machine's folder, which may not exist yet.</summary>
    public GuestFolder Of(string instanceId) => new(instanceId, Path.Combine(Root, instanceId));

    /// <summary>The folders of machines that exist; none where somebody else made the root: what stands there is
    /// theirs, or leads to what is not to be touched.</summary>
    public IReadOnlyList<GuestFolder> All =>
        Directory.Exists(Root) && IsOwn(Path.GetDirectoryName(Root)!) && IsOwn(Root)
        ? [.. Directory.EnumerateDirectories(Root).Select(f => new GuestFolder(Path.GetFileName(f), f))
            .Where(f => Ids.IsWellFormed("i", f.InstanceId) && IsOwn(f.Path))]
        : [];

    /// <summary>Makes a machine's folder, private to the user that runs it.</summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="user">The user id to give it to, where this process may; null to keep it.</param>
    /// <exception cref="IOException">The root belongs to somebody else, or a path would be too long.</exception>
    public GuestFolder Make(string instanceId, uint? user)
    {
        if (Encoding.UTF8.GetByteCount(Path.GetDirectoryName(Root)!) > RootBytesMax
            || Root.AsSpan().ContainsAny(" ,'\""))
        {
            throw new IOException(
                $"--guest-folder: {Root} is longer than {RootBytesMax} bytes, or has a space, comma or quote.");
        }
        foreach (var folder in (string[])[Path.GetDirectoryName(Root)!, Root])
        {
            Directory.CreateDirectory(folder, PassThrough);
            if (!IsOwn(folder))
                throw new IOException($"{folder} belongs to another user; name another folder with --guest-folder.");
            File.SetUnixFileMode(folder, PassThrough);
        }
        var made = Of(instanceId);
        Directory.CreateDirectory(made.Path, PassThrough);
        // The process's file mode mask keeps the bits for others out.
        File.SetUnixFileMode(made.Path, PassThrough);
        Directory.CreateDirectory(
            made.Run, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Share(made.Run, user);
        return made;
    }

    /// <summary>Gives a file or socket to a machine's user, where this process may; nothing happens where there is no
    /// such file.</summary>
    public static void Share(string path, uint? user)
    {
        if (user is { } owner && Path.Exists(path))
            Posix.GiveTo(path, owner);
    }

    // Others may pass through, as a machine's user must, but neither list nor write.
    private const UnixFileMode PassThrough = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // A link is its maker's, wherever it leads.
    private static bool IsOwn(string folder) => Posix.OwnerOf(folder) == Posix.UserId;

    private static string DefaultRoot() => Posix.UserId == 0 ? "/run/kiln" : $"/tmp/kiln-{Posix.UserId}";

    private static string HashOf(string data) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(Path.TrimEndingDirectorySeparator(Path.GetFullPath(data)))))[..8];
}
