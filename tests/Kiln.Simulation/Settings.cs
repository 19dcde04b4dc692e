using System.Globalization;

namespace Kiln.Simulation;

/// <summary>How much is run, and from which seed: from the environment, for the one who runs more.</summary>
/// <remarks>
/// <c>X_SEED</c>: this seed alone. <c>X_SEEDS</c>: so many. <c>X_SECONDS</c>: as many as go into the time.
/// <c>X_FROM</c>: the first of them. X is <c>KILN_SIMULATION</c> or <c>KILN_CRASH</c>. docs/testing.md says how to use
/// them.
/// </remarks>
internal static class Settings
{
    // Seeds of earlier finds are run by name; what is tried anew begins here.
    private const int FirstSeed = 1;

    /// <summary>The seeds to run: so many, unless they take longer than the time.</summary>
    internal static IEnumerable<int> Seeds(string prefix, int count, TimeSpan time)
    {
        if (Number(prefix + "_SEED") is { } one)
        {
            yield return one;
            yield break;
        }

        if (Number(prefix + "_SECONDS") is { } seconds) (count, time) = (int.MaxValue, TimeSpan.FromSeconds(seconds));
        if (Number(prefix + "_SEEDS") is { } wanted) (count, time) = (wanted, TimeSpan.MaxValue);
        var first = Number(prefix + "_FROM") ?? FirstSeed;
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < count && TimeProvider.System.GetElapsedTime(started) < time; i++)
            yield return first + i;
    }

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var n) ? n : null;
}
