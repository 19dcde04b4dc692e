namespace Kiln.Blocks.Loading;

/// <summary>What is loaded ahead of being asked for, the more urgent first. Guests' own misses go before all.</summary>
internal enum LoadKind
{
    /// <summary>The recorded boot trace: somebody is about to ask for it.</summary>
    Trace,

    /// <summary>Everything else of a volume, some day.</summary>
    Hydration,
}
