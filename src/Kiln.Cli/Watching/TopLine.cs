namespace Kiln.Cli.Watching;

/// <summary>A line of a picture.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Style">How it looks.</param>
public sealed record TopLine(string Text, TopStyle Style = TopStyle.Plain);
