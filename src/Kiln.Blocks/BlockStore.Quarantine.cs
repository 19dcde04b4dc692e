using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// Damaged records, and the small files in which a store keeps what it knows about its upkeep. Format:
// docs/formats/state.md.
public sealed partial class BlockStore
{
    private const string StateFolder = "state";
    private const string QuarantineFolder = "quarantine";
    private const string QuarantineStateName = "quarantine";
    private const int StateBytesMax = 16 << 20;

    // Evidence of a bad disk is worth keeping longer than trash: somebody has to come and look.
    private static readonly TimeSpan QuarantineTime = TimeSpan.FromDays(30);

    private readonly List<QuarantineState.Damaged> damaged = [];
    private readonly Lock quarantineGate = new();

    // Seeds of segments that are being made of damaged records.
    private readonly HashSet<ulong> coming = [];
    private bool quarantineChanged;

    /// <summary>Records that proved damaged and have not been replaced: they are served as far as their frames are
    /// whole, and no put is satisfied with one.</summary>
    public int QuarantinedRecords
    {
        get
        {
            lock (quarantineGate)
            {
                return damaged.DistinctBy(d => d.Address)
                    .Count(d => BlockAddress.TryParse(d.Address, out var a) && Index.IsDamaged(a));
            }
        }
    }

    /// <summary>Takes a damaged record out of use for puts, now and (after <see cref="SaveQuarantine"/>) after a
    /// restart.</summary>
    internal void Quarantine(Segment segment, SegmentEntry entry)
    {
        if (!Index.TrySetDamaged(entry.Address, segment.Id, entry.Offset)) return;
        lock (quarantineGate)
        {
            if (damaged.Count >= QuarantineState.RecordsMax
                || damaged.Exists(d => d.Seed == segment.Seed && d.Offset == entry.Offset)) return;
            damaged.Add(new QuarantineState.Damaged(
                segment.Seed, segment.Id, entry.Offset, entry.Address.ToString(), Clock.GetUtcNow()));
            quarantineChanged = true;
        }
    }

    /// <summary>Writes down, before they are there, that all records of a segment will be damaged ones.</summary>
    /// <exception cref="IOException">There are too many, or the disk does not take it.</exception>
    private void Quarantine(Segment aside, List<SegmentEntry> entries)
    {
        lock (quarantineGate)
        {
            if (damaged.Count + entries.Count > QuarantineState.RecordsMax)
                throw new IOException("More records are damaged than can be noted.");
            damaged.AddRange(entries.Select(e => new QuarantineState.Damaged(
                aside.Seed, aside.Id, e.Offset, e.Address.ToString(), Clock.GetUtcNow())));
            quarantineChanged = true;
            coming.Add(aside.Seed);
            SaveQuarantine();
            if (quarantineChanged) throw new IOException("What is damaged could not be noted.");
        }
    }

    /// <summary>Writes down what was quarantined, and forgets segments that are gone.</summary>
    internal void SaveQuarantine()
    {
        lock (quarantineGate)
        {
            if (!quarantineChanged) return;
            var seeds = segments.All.Select(s => s.Seed).ToHashSet();
            seeds.UnionWith(coming);
            damaged.RemoveAll(d => !seeds.Contains(d.Seed));
            if (WriteState(
                QuarantineStateName, new QuarantineState(damaged), StateJson.Default.QuarantineState))
                quarantineChanged = false;
        }
    }

    /// <summary>Puts a file aside that cannot be read as what it should be.</summary>
    internal void QuarantineFile(string name)
    {
        backend.Rename(name, $"{QuarantineFolder}/{Stamped(name, Clock.GetUtcNow())}");
    }

    internal void PurgeQuarantine(DateTimeOffset now)
    {
        foreach (var name in backend.List(QuarantineFolder))
        {
            if (TryParseStamp(name, out var at) && at <= now - QuarantineTime)
                backend.Delete($"{QuarantineFolder}/{name}");
        }
    }

    /// <summary>Reads what an earlier process left under a name; null when nothing that can be understood.</summary>
    internal T? ReadState<T>(string name, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            using var file = backend.Open(StateNameOf(name));
            if (file.Length > StateBytesMax) return null;
            var bytes = new byte[file.Length];
            return JsonSerializer.Deserialize(bytes.AsSpan(0, file.Read(0, bytes)), type);
        }
        catch (Exception lost) when (lost is IOException or JsonException)
        {
            // Upkeep then begins as in a new store; nothing else depends on it.
            return null;
        }
    }

    /// <summary>Keeps something across restarts; false when the disk is full or read-only, which must not stop what
    /// is about to free space.</summary>
    internal bool WriteState<T>(string name, T value, JsonTypeInfo<T> type)
    {
        if (options.ReadOnly) return false;
        try
        {
            backend.WriteAtomic(StateNameOf(name), JsonSerializer.SerializeToUtf8Bytes(value, type));
            return true;
        }
        catch (BlockStoreException)
        {
            return false;
        }
    }

    private static string StateNameOf(string name) => $"{StateFolder}/{name}.json";

    private HashSet<(ulong Seed, uint Offset)> LoadQuarantine()
    {
        if (ReadState(QuarantineStateName, StateJson.Default.QuarantineState) is { Records: not null } state)
            damaged.AddRange(state.Records.Take(QuarantineState.RecordsMax));
        return [.. damaged.Select(d => (d.Seed, d.Offset))];
    }
}
