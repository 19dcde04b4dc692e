namespace Kiln.Simulation.Disks;

/// <summary>
/// The disk of one machine, call by call: what programs see, what is durable, and what a loss of power may leave.
/// </summary>
/// <remarks>
/// The rules are POSIX's, which are weaker than any one file system's: bytes are durable after a sync of their file,
/// whether or not they went past the page cache; names after a sync of their folder (a rename: of both); between syncs
/// any write may be missing, and a write may be torn at 512 bytes. Changes of names come to the disk in order, in each
/// folder at least.
/// </remarks>
internal sealed class ModelDisk
{
    private readonly Lock gate = new();
    private readonly Dictionary<int, ModelFile> files;
    private readonly Dictionary<string, int> names;
    private readonly Dictionary<string, int> durableNames;
    private readonly List<NameChange> unsyncedNames;
    private int lastFile;
    private long refuseAfter = long.MaxValue;

    internal ModelDisk()
        : this([], [], [], [], boot: 1)
    {
    }

    private ModelDisk(
        Dictionary<int, ModelFile> files, Dictionary<string, int> names, Dictionary<string, int> durableNames,
        List<NameChange> unsyncedNames, ulong boot)
    {
        this.files = files;
        this.names = names;
        this.durableNames = durableNames;
        this.unsyncedNames = unsyncedNames;
        Boot = boot;
        lastFile = files.Keys.DefaultIfEmpty().Max();
    }

    // A change of names, and which of its folders still await a sync.
    private sealed record NameChange(DiskOp Op, string[] Folders)
    {
        public HashSet<string> Waiting { get; init; } = [.. Folders];
    }

    /// <summary>Which boot of the machine this is.</summary>
    internal ulong Boot { get; }

    /// <summary>Calls so far.</summary>
    internal long Calls { get; private set; }

    /// <summary>Where calls are noted, if anywhere.</summary>
    internal List<DiskOp>? Record { get; init; }

    /// <summary>True when the process that used the disk has been stopped.</summary>
    internal bool IsStopped { get; private set; }

    /// <summary>Stops the process after so many more calls: every later one is refused.</summary>
    internal void StopAfter(long calls) => refuseAfter = Calls + calls;

    internal bool Exists(string path)
    {
        lock (gate) return names.ContainsKey(path);
    }

    internal IReadOnlyList<string> List(string folder)
    {
        lock (gate)
        {
            return [.. names.Keys.Where(n => FolderOf(n) == folder && !n.EndsWith(".tmp", StringComparison.Ordinal))
                .Select(n => n[(folder.Length + 1)..]).Order(StringComparer.Ordinal)];
        }
    }

    internal int Find(string path)
    {
        lock (gate)
            return names.TryGetValue(path, out var file) ? file : throw new FileNotFoundException($"No {path}.");
    }

    internal long LengthOf(int file)
    {
        lock (gate) return files[file].Seen.Length;
    }

    internal int Read(int file, long offset, Span<byte> destination)
    {
        lock (gate)
        {
            if (IsStopped) throw new ProcessStoppedException();
            return files[file].Seen.Read(offset, destination);
        }
    }

    internal long Seek(int file, long offset, bool data)
    {
        lock (gate)
        {
            var map = files[file].Seen;
            for (; offset < map.Length; offset = (offset / PageMap.PageSize + 1) * PageMap.PageSize)
            {
                if (map.HasPage(offset / PageMap.PageSize) == data) return offset;
            }

            return Math.Max(offset, map.Length);
        }
    }

    internal int Create(string path)
    {
        lock (gate)
        {
            if (names.ContainsKey(path)) throw new IOException($"{path} exists.");
            Do(new DiskOp.Create(path, lastFile + 1));
            return lastFile;
        }
    }

    /// <summary>Does one call.</summary>
    internal void Do(DiskOp op)
    {
        lock (gate)
        {
            if (IsStopped || Calls >= refuseAfter)
            {
                IsStopped = true;
                throw new ProcessStoppedException();
            }

            Calls++;
            Record?.Add(op);
            Apply(op);
        }
    }

    /// <summary>A copy in the same state, for another to go on from.</summary>
    internal ModelDisk Fork(List<DiskOp>? record = null)
    {
        lock (gate)
        {
            return new ModelDisk(
                files.ToDictionary(f => f.Key, f => f.Value.Copy()), new(names), new(durableNames),
                [.. unsyncedNames.Select(c => c with { Waiting = [.. c.Waiting] })], Boot)
            {
                Record = record,
            };
        }
    }

    /// <summary>What a new process finds after the machine lost its power.</summary>
    internal ModelDisk AfterPowerLoss(Survival survival)
    {
        lock (gate)
        {
            var left = new Dictionary<string, int>(durableNames);
            var kept = survival.Names([.. unsyncedNames.Select(c => c.Folders)]);
            for (var i = 0; i < kept.Length; i++)
            {
                if (kept[i] || unsyncedNames[i].Waiting.Count == 0) Apply(left, unsyncedNames[i].Op);
            }

            var remaining = left.Values.Distinct().Order().ToDictionary(f => f, f => files[f].AfterPowerLoss(survival));
            return new ModelDisk(remaining, left, new(left), [], Boot + 1);
        }
    }

    /// <summary>Turns one bit of a file.</summary>
    internal void Rot(string path, long offset)
    {
        lock (gate) files[names[path]].Rot(offset);
    }

    internal static string FolderOf(string path) => path[..path.LastIndexOf('/')];

    private void Apply(DiskOp op)
    {
        switch (op)
        {
            case DiskOp.Write write: files[write.File].Change(op); break;
            case DiskOp.Resize resize: files[resize.File].Change(op); break;
            case DiskOp.Punch punch: files[punch.File].Change(op); break;
            case DiskOp.Sync { Fails: true } sync: files[sync.File].FailSync(sync.Evicts); break;
            case DiskOp.Sync sync: files[sync.File].Sync(); break;
            case DiskOp.SyncFolder sync: SyncNames(sync.Folder); break;
            case DiskOp.Create create:
                lastFile = Math.Max(lastFile, create.File);
                files[create.File] = new ModelFile();
                ChangeNames(op, FolderOf(create.Path));
                break;
            case DiskOp.Delete delete: ChangeNames(op, FolderOf(delete.Path)); break;
            case DiskOp.Rename rename: ChangeNames(op, FolderOf(rename.From), FolderOf(rename.To)); break;
        }
    }

    private void ChangeNames(DiskOp op, params string[] folders)
    {
        Apply(names, op);
        unsyncedNames.Add(new NameChange(op, [.. folders.Distinct()]));
    }

    private void SyncNames(string folder)
    {
        foreach (var change in unsyncedNames) change.Waiting.Remove(folder);
        while (unsyncedNames.Count > 0 && unsyncedNames[0].Waiting.Count == 0)
        {
            Apply(durableNames, unsyncedNames[0].Op);
            unsyncedNames.RemoveAt(0);
        }
    }

    private static void Apply(Dictionary<string, int> names, DiskOp op)
    {
        switch (op)
        {
            case DiskOp.Create create: names[create.Path] = create.File; break;
            case DiskOp.Delete delete: names.Remove(delete.Path); break;
            case DiskOp.Rename rename when names.Remove(rename.From, out var file): names[rename.To] = file; break;
        }
    }
}
