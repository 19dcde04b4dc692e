namespace Kiln.Cli.Connections;

/// <summary>A file of AWS's tools: sections in brackets, <c>name = value</c> lines, comments.</summary>
public sealed class IniFile
{
    /// <summary>Such files hold some profiles of some lines each.</summary>
    private const int BytesMax = 1 << 20;

    private readonly Dictionary<string, Dictionary<string, string>> _sections = new(StringComparer.Ordinal);

    /// <summary>Reads a text.</summary>
    public IniFile(IEnumerable<string> lines)
    {
        Dictionary<string, string>? section = null;
        foreach (var raw in lines)
        {
            var line = raw.Trim();
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (line[0] == '[' && line.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
            {
                var name = string.Join(' ', line[1..end].Split(' ', StringSplitOptions.RemoveEmptyEntries));
                section = _sections.TryGetValue(name, out var known) ? known : _sections[name] =
                    new(StringComparer.Ordinal);
            }
            else if (section is not null && !char.IsWhiteSpace(raw[0])
                && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                // An indented line belongs to a nested setting (s3 =), which means nothing here.
                section[line[..equals].Trim().ToLowerInvariant()] = line[(equals + 1)..].Trim();
            }
        }
    }

    /// <summary>Reads a file; one that is not there is empty.</summary>
    /// <exception cref="CliException">It is there and cannot be read.</exception>
    public static IniFile Read(string path)
    {
        try
        {
            if (!File.Exists(path))
                return new IniFile([]);
            return new FileInfo(path).Length <= BytesMax ? new IniFile(File.ReadLines(path))
                : throw new CliException($"{path} is too large to be a file of AWS profiles.", ExitCodes.Usage);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path} cannot be read: {failure.Message}", ExitCodes.Usage);
        }
    }

    /// <summary>The names of the sections.</summary>
    public IEnumerable<string> Sections => _sections.Keys;

    /// <summary>A value, or null.</summary>
    public string? Value(string section, string name) =>
        _sections.GetValueOrDefault(section)?.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
}
