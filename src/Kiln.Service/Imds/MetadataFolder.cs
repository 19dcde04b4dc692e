using System.Collections;
using System.Text;

namespace Kiln.Service.Imds;

/// <summary>A folder of the metadata tree, listed one name a line, folders with a slash.</summary>
internal sealed class MetadataFolder : IEnumerable
{
    private readonly SortedDictionary<string, object> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _labels = [];

    /// <summary>A file of text; nothing where there is no value.</summary>
    public void Add(string name, string? text)
    {
        if (text is not null)
            Add(name, Leaf(text));
    }

    /// <summary>A file; nothing where it is null.</summary>
    public void Add(string name, MetadataLeaf? leaf)
    {
        if (leaf is not null)
            _entries[name] = leaf;
    }

    /// <summary>A folder; nothing where it is null.</summary>
    public void Add(string name, MetadataFolder? folder)
    {
        if (folder is not null)
            _entries[name] = folder;
    }

    /// <summary>A folder that is listed by another name than it is found by, as <c>0=my-key</c> is.</summary>
    public void Add(string name, string label, MetadataFolder folder)
    {
        Add(name, folder);
        _labels[name] = label;
    }

    /// <summary>The file of a path, or the list of a folder, with or without a slash at its end; null for
    /// neither.</summary>
    public MetadataLeaf? Find(string path)
    {
        object at = this;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at is not MetadataFolder folder || folder.Entry(name) is not { } next)
                return null;
            at = next;
        }
        return at is MetadataFolder found ? Leaf(found.List()) : path.EndsWith('/') ? null : (MetadataLeaf)at;
    }

    /// <summary>A file of text.</summary>
    public static MetadataLeaf Leaf(string text) =>
        new("text/plain", _ => Task.FromResult<ReadOnlyMemory<byte>?>(Encoding.UTF8.GetBytes(text)));

    /// <summary>A file whose text is made when it is read.</summary>
    public static MetadataLeaf Leaf(Func<CancellationToken, Task<string>> text) =>
        new("text/plain", async cancel => Encoding.UTF8.GetBytes(await text(cancel)));

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => _entries.GetEnumerator();

    private object? Entry(string name) => _entries.GetValueOrDefault(name);

    private string List() => string.Join('\n', _entries.Select(e =>
        _labels.TryGetValue(e.Key, out var label) ? label : e.Value is MetadataFolder ? e.Key + "/" : e.Key));
}
