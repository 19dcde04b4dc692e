using System.Globalization;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// The trash: what was collected lies here for a while, and a read that needs it takes it back with an alarm.
public sealed partial class BlockStore
{
    internal const string TrashFolder = "trash";

    // Twelve digits of milliseconds and a dash before the name.
    private const int StampLength = 13;

    private readonly Lock trashGate = new();
    private long trashReads;

    /// <summary>Files that were taken back from the trash because a read or a collection needed them: each is a root
    /// that was forgotten, and an alarm.</summary>
    public long TrashReads => Volatile.Read(ref trashReads);

    /// <summary>Raised for each of those with what was needed and the file it was in.</summary>
    public event Action<string, string>? TrashRead;

    /// <summary>What lies in the trash, the oldest first.</summary>
    public IReadOnlyList<TrashFile> TrashFiles()
    {
        lock (trashGate)
        {
            var files = new List<TrashFile>();
            foreach (var name in backend.List(TrashFolder))
            {
                if (!TryParseStamp(name, out var at)) continue;
                using var file = backend.Open($"{TrashFolder}/{name}");
                files.Add(new TrashFile(name, at, file.Length));
            }

            return files;
        }
    }

    internal void Trash(string name, DateTimeOffset now)
    {
        lock (trashGate) backend.Rename(name, $"{TrashFolder}/{Stamped(name, now)}");
    }

    /// <summary>Trashes a segment that nobody needs; false when somebody else was first.</summary>
    internal bool TryTrashSegment(Segment segment, DateTimeOffset now)
    {
        lock (trashGate)
        {
            if (segments.Find(segment.Id) != segment) return false;
            Trash(SegmentFormat.NameOf(segment.Id), now);
            segments.Remove(segment);
            return true;
        }
    }

    /// <summary>Deletes a file of the trash for good; false when it was taken back meanwhile.</summary>
    internal bool TryPurge(TrashFile file)
    {
        lock (trashGate)
        {
            if (!backend.Exists($"{TrashFolder}/{file.Name}")) return false;
            backend.Delete($"{TrashFolder}/{file.Name}");
            return true;
        }
    }

    /// <summary>Opens a file of the trash as a segment; null when it is none, or was purged meanwhile.</summary>
    internal Segment? OpenTrashed(TrashFile file)
    {
        lock (trashGate)
        {
            var name = $"{TrashFolder}/{file.Name}";
            return SegmentFormat.TryParseName(file.Name[StampLength..], out var id) && backend.Exists(name)
                ? segments.OpenInTrash(name, id) : null;
        }
    }

    /// <summary>Every address that a segment in the trash lists.</summary>
    internal HashSet<BlockAddress> TrashedAddresses()
    {
        lock (trashGate)
        {
            var found = new HashSet<BlockAddress>();
            foreach (var (name, id) in TrashedSegments())
                found.UnionWith(segments.EntriesInTrash(name, id).Select(e => e.Address));
            return found;
        }
    }

    /// <summary>The last resort of a read: a segment in the trash that has the block goes back to work.</summary>
    internal bool TryTakeFromTrash(BlockAddress address)
    {
        if (options.ReadOnly) return false;
        lock (trashGate)
        {
            if (Index.TryFind(address, out _)) return true;
            foreach (var (name, id) in TrashedSegments())
            {
                if (segments.Find(id) is not null) continue;
                if (!segments.EntriesInTrash(name, id).Exists(e => e.Address == address)) continue;
                backend.Rename(name, SegmentFormat.NameOf(id));
                backend.SyncFolder(SegmentFormat.Folder);
                segments.Reload(id);
                Alarm($"block {address}", name);
                return true;
            }
        }

        return false;
    }

    // The same for a manifest.
    private bool TryTakeFromTrash(ManifestId id)
    {
        if (options.ReadOnly) return false;
        lock (manifestGate)
        {
            lock (trashGate)
            {
                if (HasManifest(id)) return true;
                var name = backend.List(TrashFolder).FirstOrDefault(
                    f => f.Length == StampLength + 64 && f.EndsWith(id.ToString(), StringComparison.Ordinal));
                if (name is null) return false;
                backend.Rename($"{TrashFolder}/{name}", ManifestFormat.NameOf(id));
                backend.SyncFolder(ManifestFormat.Folder);
                committed[id] = Clock.GetUtcNow();
                Alarm($"manifest {id}", name);
                return true;
            }
        }
    }

    private void Alarm(string what, string file)
    {
        Interlocked.Increment(ref trashReads);
        TrashRead?.Invoke(what, file);
    }

    private IEnumerable<(string Name, uint Id)> TrashedSegments()
    {
        foreach (var file in backend.List(TrashFolder))
        {
            if (SegmentFormat.TryParseTrashed(file, out var id))
                yield return ($"{TrashFolder}/{file}", id);
        }
    }

    private static string Stamped(string name, DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture,
        $"{now.ToUnixTimeMilliseconds():x12}-{name.AsSpan(name.IndexOf('/', StringComparison.Ordinal) + 1)}");

    private static bool TryParseStamp(string name, out DateTimeOffset at)
    {
        var valid = long.TryParse(
            name.AsSpan(0, Math.Min(StampLength - 1, name.Length)), NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= MillisecondsMax;
        at = valid ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : default;
        return valid;
    }

    private static readonly long MillisecondsMax = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
}
