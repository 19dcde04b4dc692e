namespace Kiln.Cli.Watching;

/// <summary>One line of a scrape: a name, labels, a value.</summary>
public sealed record MetricLine(string Name, IReadOnlyDictionary<string, string> Labels, double Value);
