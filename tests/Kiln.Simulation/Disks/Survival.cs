namespace Kiln.Simulation.Disks;

/// <summary>Decides what of that which was not synced is on the disk after the power went.</summary>
internal abstract class Survival
{
    internal enum Fate
    {
        Lost,
        Whole,
        Torn,
    }

    /// <summary>Nothing unsynced is there.</summary>
    internal static Survival Nothing { get; } = new Fixed(Fate.Lost, names: 0);

    /// <summary>Everything is there, synced or not.</summary>
    internal static Survival Everything { get; } = new Fixed(Fate.Whole, names: int.MaxValue);

    /// <summary>Anything that is permitted, by chance.</summary>
    internal static Survival Random(Random random) => new ByChance(random);

    /// <summary>Of so many unsynced changes of names, which come to the disk.</summary>
    internal abstract bool[] Names(IReadOnlyList<string[]> folders);

    /// <summary>What becomes of one unsynced change of a file.</summary>
    internal abstract Fate OfData();

    /// <summary>Which of a torn write's sectors of 512 bytes come to the disk.</summary>
    internal abstract bool[] Sectors(int count);

    private sealed class Fixed(Fate fate, int names) : Survival
    {
        internal override bool[] Names(IReadOnlyList<string[]> folders) =>
            [.. folders.Select((_, i) => i < names)];

        internal override Fate OfData() => fate;

        internal override bool[] Sectors(int count) => new bool[count];
    }

    private sealed class ByChance(Random random) : Survival
    {
        // A file system with one journal keeps a prefix of all changes; one without keeps a prefix for each folder.
        internal override bool[] Names(IReadOnlyList<string[]> folders)
        {
            if (random.Next(2) == 0)
            {
                var kept = random.Next(folders.Count + 1);
                return [.. folders.Select((_, i) => i < kept)];
            }

            var ends = new Dictionary<string, int>();
            foreach (var folder in folders.SelectMany(f => f)) ends.TryAdd(folder, random.Next(folders.Count + 1));
            return [.. folders.Select((f, i) => f.All(name => i < ends[name]))];
        }

        internal override Fate OfData() => (Fate)random.Next(3);

        internal override bool[] Sectors(int count)
        {
            // The end of it is missing, or any of it: pages are written back in any order.
            var prefix = random.Next(count + 1);
            return random.Next(2) == 0
                ? [.. Enumerable.Range(0, count).Select(i => i < prefix)]
                : [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 0)];
        }
    }

    /// <summary>Every combination in turn: the digits of a number are the choices, least first.</summary>
    internal sealed class Numbered(long number) : Survival
    {
        private long left = number;

        /// <summary>True when the number had more digits than there were choices: all combinations were seen.</summary>
        internal bool IsBeyond => left > 0;

        internal override bool[] Names(IReadOnlyList<string[]> folders)
        {
            var kept = Take(folders.Count + 1);
            return [.. folders.Select((_, i) => i < kept)];
        }

        internal override Fate OfData() => (Fate)Take(3);

        // Half of it, or only the last sector: what tears in the middle and what comes out of order.
        internal override bool[] Sectors(int count)
        {
            var first = Take(2) == 0;
            return [.. Enumerable.Range(0, count).Select(i => first ? i < (count + 1) / 2 : i == count - 1)];
        }

        private int Take(int of)
        {
            var digit = (int)(left % of);
            left /= of;
            return digit;
        }
    }
}
