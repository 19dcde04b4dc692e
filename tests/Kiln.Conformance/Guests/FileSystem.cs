using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>An ext4 file system in a raw disk, read with e2fsprogs and never mounted.</summary>
/// <param name="Disk">The disk's path.</param>
/// <param name="Offset">Where the file system begins; the tiny image's at 1 MiB.</param>
public sealed record FileSystem(string Disk, long Offset = 1 << 20)
{
    private string Name => Offset == 0 ? Disk : $"{Disk}?offset={Offset}";

    /// <summary>A file's text; empty where there is none.</summary>
    public async Task<string> Read(string path) =>
        (await Command.Run("debugfs", ["-R", $"cat {path}", Name])).Output.Trim();

    /// <summary>Whether its journal holds what the file system does not have yet.</summary>
    public async Task<bool> NeedsReplay() =>
        (await Command.Run("dumpe2fs", ["-h", Name])).Output.Contains("needs_recovery", StringComparison.Ordinal);

    /// <summary>Replays the journal, as the next mount would.</summary>
    public Task Replay() => Command.Run("e2fsck", ["-p", "-E", "journal_only", Name]);

    /// <summary>Checks everything; it must be without a fault.</summary>
    public async Task Check()
    {
        var check = await Command.Run("e2fsck", ["-fn", Name]);
        Assert.True(check.ExitCode == 0, check.Output + check.Errors);
    }
}
