using System.Buffers;

namespace Kiln.Blocks.Manifests;

/// <summary>The name of a manifest: the SHA-256 of its bytes, 64 hexadecimal digits as text.</summary>
public readonly record struct ManifestId : IComparable<ManifestId>
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private readonly string? text;

    /// <summary>Takes the 64 lower-case hexadecimal digits that <see cref="ToString"/> gave.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public ManifestId(string text)
    {
        if (!IsValid(text)) throw new FormatException("A manifest id has 64 lower-case hexadecimal digits.");
        this.text = text;
    }

    /// <summary>True when the text can be an id.</summary>
    public static bool IsValid(string? text) =>
        text is { Length: 64 } && !text.AsSpan().ContainsAnyExcept(Digits);

    /// <summary>Parses without throwing.</summary>
    public static bool TryParse(string? text, out ManifestId id)
    {
        id = IsValid(text) ? new ManifestId(text!) : default;
        return IsValid(text);
    }

    /// <inheritdoc/>
    public int CompareTo(ManifestId other) => string.CompareOrdinal(text, other.text);

    /// <summary>The text that a database row holds.</summary>
    public override string ToString() => text ?? throw new InvalidOperationException("No manifest.");

    public static bool operator <(ManifestId left, ManifestId right) => left.CompareTo(right) < 0;

    public static bool operator >(ManifestId left, ManifestId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ManifestId left, ManifestId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ManifestId left, ManifestId right) => left.CompareTo(right) >= 0;
}
