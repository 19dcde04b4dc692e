namespace Kiln.Protocol.Codecs;

/// <summary>One segment of the names of a form's parameters: <c>Filter.1.Name</c> is three nodes deep.</summary>
internal sealed class FormNode(string segment, FormNode? parent)
{
    /// <summary>Up to so many children are found by looking at each; above, by a table.</summary>
    private const int LinearMax = 8;

    private readonly List<FormNode> _children = [];
    private Dictionary<string, FormNode>? _bySegment;

    /// <summary>The segment.</summary>
    public string Segment { get; } = segment;

    /// <summary>The value of the parameter whose name ends here; null where none does.</summary>
    public string? Value { get; set; }

    /// <summary>The children in the order in which they came.</summary>
    public IReadOnlyList<FormNode> Children => _children;

    /// <summary>Whether it, or anything below it, has a value that is not empty.</summary>
    public bool IsGiven => Value is { Length: > 0 } || _children.Exists(static c => c.IsGiven);

    /// <summary>The whole name down to here.</summary>
    public string Path => parent is null ? "" : parent.Path is { Length: > 0 } path ? $"{path}.{Segment}" : Segment;

    /// <summary>The child of a segment, made when it is not there yet.</summary>
    public FormNode Child(ReadOnlySpan<char> name)
    {
        if (_bySegment is not null)
        {
            if (_bySegment.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var known)) return known;
        }
        else
        {
            foreach (var child in _children)
            {
                if (name.SequenceEqual(child.Segment)) return child;
            }
        }

        var made = new FormNode(name.ToString(), this);
        _children.Add(made);
        if (_bySegment is not null) _bySegment.Add(made.Segment, made);
        else if (_children.Count > LinearMax)
            _bySegment = _children.ToDictionary(c => c.Segment, StringComparer.Ordinal);
        return made;
    }
}
