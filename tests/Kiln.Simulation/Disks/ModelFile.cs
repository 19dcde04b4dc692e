namespace Kiln.Simulation.Disks;

/// <summary>A file as programs see it, and what of it is durable.</summary>
internal sealed class ModelFile
{
    private const int Sector = 512;

    private readonly List<DiskOp> unsynced;
    private PageMap durable;

    // After a failed sync the two differ in what no later sync makes good.
    private bool diverged;

    internal ModelFile()
        : this(new PageMap(), new PageMap(), [], diverged: false)
    {
    }

    private ModelFile(PageMap seen, PageMap durable, List<DiskOp> unsynced, bool diverged)
    {
        Seen = seen;
        this.durable = durable;
        this.unsynced = unsynced;
        this.diverged = diverged;
    }

    /// <summary>What reads answer.</summary>
    internal PageMap Seen { get; private set; }

    internal ModelFile Copy() => new(Seen.Copy(), durable.Copy(), [.. unsynced], diverged);

    internal void Change(DiskOp op)
    {
        Apply(Seen, op);
        unsynced.Add(op);
    }

    internal void Sync()
    {
        if (unsynced.Count == 0) return;
        if (diverged)
        {
            foreach (var op in unsynced) Apply(durable, op);
        }
        else
        {
            durable = Seen.Copy();
        }

        unsynced.Clear();
    }

    /// <summary>As the kernel does it: what could not be written is forgotten, and the next sync succeeds.</summary>
    internal void FailSync(bool evicts)
    {
        diverged |= unsynced.Count > 0;
        unsynced.Clear();
        if (!evicts) return;
        var length = Seen.Length;
        Seen = durable.Copy();
        Seen.Resize(length);
    }

    internal ModelFile AfterPowerLoss(Survival survival)
    {
        var left = durable.Copy();
        foreach (var op in unsynced)
        {
            switch (survival.OfData())
            {
                case Survival.Fate.Whole:
                    Apply(left, op);
                    break;
                case Survival.Fate.Torn when op is DiskOp.Write write:
                    Tear(left, write, survival);
                    break;
            }
        }

        return new ModelFile(left, left.Copy(), [], diverged: false);
    }

    /// <summary>Turns one bit, as a disk does that forgets.</summary>
    internal void Rot(long offset)
    {
        Span<byte> one = stackalloc byte[1];
        foreach (var map in (PageMap[])[Seen, durable])
        {
            if (offset >= map.Length) continue;
            map.Read(offset, one);
            one[0] ^= 0x10;
            map.Write(offset, one);
        }
    }

    private static void Tear(PageMap map, DiskOp.Write write, Survival survival)
    {
        // Sectors are those of the disk, not of the write.
        var first = write.Offset / Sector;
        var last = (write.Offset + write.Bytes.Length - 1) / Sector;
        var kept = survival.Sectors((int)(last - first + 1));
        for (var i = 0; i < kept.Length; i++)
        {
            if (!kept[i]) continue;
            var from = Math.Max(write.Offset, (first + i) * Sector);
            var to = Math.Min(write.Offset + write.Bytes.Length, (first + i + 1) * Sector);
            map.Write(from, write.Bytes.AsSpan((int)(from - write.Offset), (int)(to - from)));
        }
    }

    private static void Apply(PageMap map, DiskOp op)
    {
        switch (op)
        {
            case DiskOp.Write write: map.Write(write.Offset, write.Bytes); break;
            case DiskOp.Resize resize: map.Resize(resize.Length); break;
            case DiskOp.Punch punch: map.Punch(punch.Offset, punch.Length); break;
        }
    }
}
