using System.Text.RegularExpressions;

namespace Kiln.Simulation;

/// <summary>What seeds found: one of each kind, so that a run of many tells all it knows.</summary>
internal sealed partial class Finds
{
    // Enough to see what is common to them; more is noise.
    private const int KindsMax = 6;

    private readonly Dictionary<string, string> byKind = [];
    private int count;

    /// <summary>Runs one seed.</summary>
    internal void Try(string seed, Action run)
    {
        try
        {
            run();
        }
        catch (Exception e)
        {
            Add(seed, e);
        }
    }

    /// <summary>Runs one seed that awaits, and tells what it did.</summary>
    internal async Task Try(string seed, Func<Task> run, IReadOnlyList<string> trace)
    {
        try
        {
            await run();
        }
        catch (Exception e)
        {
            Add($"{seed}:\n{string.Join('\n', trace.TakeLast(40))}\n", e);
        }
    }

    private void Add(string seed, Exception e)
    {
        count++;
        var deepest = e;
        while (deepest.InnerException is { } inner) deepest = inner;
        byKind.TryAdd(Digits().Replace(deepest.Message, "#"), $"{seed}: {e.Message}\n{deepest}");
    }

    /// <summary>Fails when there was any.</summary>
    internal void Report()
    {
        if (count == 0) return;
        Assert.Fail($"{count} seeds found {byKind.Count} kinds of failure.\n\n"
            + string.Join("\n\n", byKind.Values.Take(KindsMax)));
    }

    [GeneratedRegex("[0-9a-f]*[0-9][0-9a-f]*")]
    private static partial Regex Digits();
}
