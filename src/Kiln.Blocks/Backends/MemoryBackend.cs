namespace Kiln.Blocks.Backends;

/// <summary>
/// Files in memory that know what is durable, for tests and simulation: <see cref="Crash"/> gives what a machine that
/// lost its power might find, and <see cref="SpaceBytes"/> makes the disk full.
/// </summary>
public sealed class MemoryBackend : IBackend
{
    private readonly Dictionary<string, MemoryFile> names;
    private readonly Lock gate = new();
    private readonly List<Action<Dictionary<string, MemoryFile>>> unsyncedNames = [];
    private Dictionary<string, MemoryFile> durableNames;
    private long used;

    /// <summary>An empty disk.</summary>
    public MemoryBackend()
        : this([], boot: 1)
    {
    }

    private MemoryBackend(Dictionary<string, MemoryFile> files, ulong boot)
    {
        names = files;
        durableNames = new Dictionary<string, MemoryFile>(files);
        Boot = boot;
    }

    /// <inheritdoc/>
    public ulong Boot { get; }

    /// <summary>Bytes that may still be written before the disk is full.</summary>
    public long SpaceBytes { get; set; } = long.MaxValue;

    /// <summary>Bytes that were written so far.</summary>
    public long UsedBytes => Interlocked.Read(ref used);

    /// <summary>Makes every sync fail, as a disk does that could not keep what it had taken.</summary>
    public bool SyncsFail { get; set; }

    /// <inheritdoc/>
    public bool TryClaim(long bytes) => true;

    /// <inheritdoc/>
    public IBackendFile Create(string name, bool direct)
    {
        lock (gate)
        {
            if (names.ContainsKey(name)) throw new IOException($"{name} exists.");
            var file = new MemoryFile(this);
            Change(n => n[name] = file);
            return file;
        }
    }

    /// <inheritdoc/>
    public IBackendFile Open(string name, bool direct = false)
    {
        lock (gate)
            return names.TryGetValue(name, out var file) ? file : throw new FileNotFoundException($"No {name}.");
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string folder)
    {
        lock (gate)
        {
            var prefix = folder.Length == 0 ? "" : folder + "/";
            return [.. names.Keys.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)
                    && !n[prefix.Length..].Contains('/', StringComparison.Ordinal))
                .Select(n => n[prefix.Length..]).Order(StringComparer.Ordinal)];
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        lock (gate) return names.ContainsKey(name);
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        lock (gate) Change(n => n.Remove(name));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (gate)
        {
            if (!names.ContainsKey(from)) throw new FileNotFoundException($"No {from}.");
            Change(n =>
            {
                if (n.Remove(from, out var file)) n[to] = file;
            });
        }
    }

    /// <inheritdoc/>
    public void WriteAtomic(string name, ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            var file = new MemoryFile(this);
            file.Write(0, bytes);
            file.Sync();
            Change(n => n[name] = file);
            SyncFolder("");
        }
    }

    /// <inheritdoc/>
    public void SyncFolder(string folder)
    {
        // A journal commits everything up to now, not one folder.
        lock (gate)
        {
            durableNames = new Dictionary<string, MemoryFile>(names);
            unsyncedNames.Clear();
        }
    }

    /// <summary>
    /// What is left after the power went: everything synced; of unsynced names a prefix; of unsynced writes any, the
    /// last of them perhaps torn at a sector. The next boot.
    /// </summary>
    public MemoryBackend Crash(Random random)
    {
        lock (gate)
        {
            var left = new Dictionary<string, MemoryFile>(durableNames);
            foreach (var change in unsyncedNames.Take(random.Next(unsyncedNames.Count + 1))) change(left);
            var after = new MemoryBackend([], Boot + 1);
            foreach (var (name, file) in left) after.names[name] = file.AfterCrash(after, random);
            after.durableNames = new Dictionary<string, MemoryFile>(after.names);
            return after;
        }
    }

    /// <summary>The same disk as a new process of the same boot finds it: nothing that was written is lost.</summary>
    public MemoryBackend Reopen()
    {
        lock (gate)
        {
            var after = new MemoryBackend([], Boot);
            foreach (var (name, file) in names) after.names[name] = file.Copy(after);
            after.durableNames = new Dictionary<string, MemoryFile>(after.names);
            return after;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Memory goes by itself.
    }

    internal void Use(long bytes)
    {
        if (Interlocked.Add(ref used, bytes) <= SpaceBytes) return;
        Interlocked.Add(ref used, -bytes);
        throw new StoreFullException("The disk in memory is full.");
    }

    private void Change(Action<Dictionary<string, MemoryFile>> change)
    {
        change(names);
        unsyncedNames.Add(change);
    }
}
