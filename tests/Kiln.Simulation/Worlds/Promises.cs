using Kiln.Blocks.Manifests;

namespace Kiln.Simulation.Worlds;

/// <summary>What was acknowledged so far, and what else may be found because it is under way.</summary>
internal sealed class Promises
{
    internal Dictionary<string, Snapshot> Snapshots { get; private init; } = [];

    internal Dictionary<string, Volume> Volumes { get; private init; } = [];

    internal Dictionary<string, Staging> Stagings { get; private init; } = [];

    internal Promises Copy() => new()
    {
        Snapshots = new(Snapshots),
        Volumes = Volumes.ToDictionary(v => v.Key, v => v.Value.Copy()),
        Stagings = Stagings.ToDictionary(s => s.Key, s => s.Value.Copy()),
    };

    /// <summary>Notes what a loss of power may have taken from where nothing was promised against it.</summary>
    internal void PowerWent()
    {
        foreach (var staging in Stagings.Values) staging.MayHaveLost = true;
    }

    /// <summary>A snapshot whose row says completed.</summary>
    internal sealed record Snapshot(int Region, ManifestId Manifest, string? Domain, int[] Units);

    /// <summary>A volume, unit by unit.</summary>
    internal sealed class Volume
    {
        internal required int Region { get; init; }

        internal string? Domain { get; init; }

        /// <summary>What the last flush promised, and what it was made of where nothing was written.</summary>
        internal int[] Durable { get; set; } = [];

        internal int[] Current { get; set; } = [];

        /// <summary>Besides the durable ones, values that a loss of power may leave.</summary>
        internal Dictionary<int, HashSet<int>> Maybe { get; private init; } = [];

        /// <summary>Besides the current ones, values that the death of the process may leave.</summary>
        internal Dictionary<int, int> InFlight { get; private init; } = [];

        internal Dictionary<string, int[]> Cuts { get; private init; } = [];

        /// <summary>Instants whose upload began before that of an older one. When it does not return, it may have come
        /// to its end without anybody to know: only where all go in order is the base the last. The service's
        /// do.</summary>
        internal HashSet<string> Overtaking { get; private init; } = [];

        /// <summary>True while it is being made or deleted: it may be there or not.</summary>
        internal bool IsUncertain { get; set; }

        internal int Length => Current.Length;

        internal Volume Copy() => new()
        {
            Region = Region, Domain = Domain, Durable = [.. Durable], Current = [.. Current],
            Maybe = Maybe.ToDictionary(m => m.Key, m => m.Value.ToHashSet()), InFlight = new(InFlight),
            Cuts = new(Cuts), Overtaking = [.. Overtaking], IsUncertain = IsUncertain,
        };

        internal void Begin(int first, ReadOnlySpan<int> stamps)
        {
            for (var i = 0; i < stamps.Length; i++)
            {
                InFlight[first + i] = stamps[i];
                Allow(first + i, stamps[i]);
            }
        }

        internal void End()
        {
            foreach (var (unit, stamp) in InFlight) Current[unit] = stamp;
            InFlight.Clear();
        }

        internal void Flushed()
        {
            Durable = [.. Current];
            Maybe.Clear();
        }

        /// <summary>What a new process reads is what there is.</summary>
        internal void Saw(int[] stamps, Ending ending)
        {
            Current = stamps;
            InFlight.Clear();

            // It may have grown though the disk said no.
            Durable = [.. Durable, .. new int[Current.Length - Durable.Length]];

            // What a machine finds at its boot is on the disk; what a process finds may be in the page cache alone.
            if (ending == Ending.PowerLost) Flushed();
        }

        private void Allow(int unit, int stamp)
        {
            if (!Maybe.TryGetValue(unit, out var all)) Maybe[unit] = all = [];
            all.Add(stamp);
        }
    }

    /// <summary>A snapshot that is being put block by block.</summary>
    internal sealed class Staging
    {
        internal required int Region { get; init; }

        internal required int[] Parent { get; init; }

        /// <summary>Index to stamp of what was acknowledged.</summary>
        internal Dictionary<int, int> Blocks { get; private init; } = [];

        /// <summary>The put that is under way.</summary>
        internal (int Index, int Stamp)? InFlight { get; set; }

        /// <summary>True once the power failed since the first put: the end of the journal may be gone.</summary>
        internal bool MayHaveLost { get; set; }

        /// <summary>True while it is begun or ended.</summary>
        internal bool IsUncertain { get; set; }

        internal Staging Copy() => new()
        {
            Region = Region, Parent = Parent, Blocks = new(Blocks), InFlight = InFlight, MayHaveLost = MayHaveLost,
            IsUncertain = IsUncertain,
        };
    }
}
