namespace Kiln.Cli.Guests;

/// <summary>What is new on a console of which each answer shows the last 64 KiB.</summary>
internal static class ConsoleTail
{
    /// <summary>As much of the end as is looked for again: a console repeats shorter pieces.</summary>
    private const int AnchorMax = 4096;

    /// <summary>What follows in a text upon what was shown before.</summary>
    public static string After(string shown, string text)
    {
        if (shown.Length == 0 || text == shown)
            return shown.Length == 0 ? text : "";
        if (text.StartsWith(shown, StringComparison.Ordinal))
            return text[shown.Length..];
        var anchor = shown[^Math.Min(shown.Length, AnchorMax)..];
        var at = text.LastIndexOf(anchor, StringComparison.Ordinal);
        // More was written than one answer holds, or the machine was started anew: all of it is new.
        return at < 0 ? text : text[(at + anchor.Length)..];
    }
}
