using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Writes UTF-8 XML 1.0 straight into a pooled buffer.</summary>
/// <remarks>
/// Whatever text comes in, what goes out is well-formed: markup is escaped, characters that XML 1.0 has no way to
/// carry are dropped, and half a surrogate pair becomes U+FFFD. Element names are not checked: they come from shapes.
/// </remarks>
internal sealed class XmlWriter : IDisposable
{
    /// <summary>A UTF-16 code unit takes three bytes of UTF-8 at most.</summary>
    private const int Utf8BytesPerCharMax = 3;

    private static readonly char[] Dropped =
        [.. Enumerable.Range(0, 0x20).Select(c => (char)c).Except("\t\n\r"), '\uFFFE', '\uFFFF'];

    private static readonly SearchValues<char> Uncarried = SearchValues.Create(Dropped);

    private static readonly SearchValues<char> Special = SearchValues.Create([.. Dropped, .. "&<>\"\r"]);

    /// <summary>What is written.</summary>
    public PooledBuffer Buffer { get; } = new();

    /// <summary>Whether a text comes out as it went in.</summary>
    public static bool CanCarry(string text) => !text.AsSpan().ContainsAny(Uncarried);

    /// <summary>Writes bytes as they are: markup.</summary>
    public void Raw(ReadOnlySpan<byte> utf8) => Buffer.Write(utf8);

    /// <summary>Writes text, escaped.</summary>
    public void Text(ReadOnlySpan<char> text)
    {
        while (true)
        {
            var special = text.IndexOfAny(Special);
            var plain = special < 0 ? text : text[..special];
            Buffer.Advance(Encoding.UTF8.GetBytes(plain, Buffer.Room(plain.Length * Utf8BytesPerCharMax)));
            if (special < 0) return;
            Raw(Escaped(text[special]));
            text = text[(special + 1)..];
        }
    }

    /// <summary>Writes a whole number.</summary>
    public void Text(long number)
    {
        const int digitsMax = 20;
        Utf8Formatter.TryFormat(number, Buffer.Room(digitsMax), out var written);
        Buffer.Advance(written);
    }

    /// <summary>Writes a truth value.</summary>
    public void Text(bool flag) => Raw(flag ? "true"u8 : "false"u8);

    /// <summary>Writes an instant.</summary>
    public void Text(DateTimeOffset time, TimestampFormat format)
    {
        if (format != TimestampFormat.Iso8601)
        {
            Text(Timestamps.Format(time, format));
            return;
        }

        Timestamps.WriteIso(time, Buffer.Room(Timestamps.IsoLength)[..Timestamps.IsoLength]);
        Buffer.Advance(Timestamps.IsoLength);
    }

    /// <summary>Writes bytes as base64.</summary>
    public void Base64(ReadOnlySpan<byte> bytes)
    {
        var room = Buffer.Room(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, room, out _, out var written);
        Buffer.Advance(written);
    }

    /// <summary>Writes an element that holds a text; for envelopes, not for the hot path.</summary>
    public void Element(string name, string text)
    {
        Open(name);
        Text(text);
        Close(name);
    }

    /// <summary>Writes <c>&lt;name&gt;</c>.</summary>
    public void Open(string name)
    {
        Raw("<"u8);
        Text(name);
        Raw(">"u8);
    }

    /// <summary>Writes <c>&lt;/name&gt;</c>.</summary>
    public void Close(string name)
    {
        Raw("</"u8);
        Text(name);
        Raw(">"u8);
    }

    /// <inheritdoc/>
    public void Dispose() => Buffer.Dispose();

    private static ReadOnlySpan<byte> Escaped(char special) => special switch
    {
        '&' => "&amp;"u8,
        '<' => "&lt;"u8,
        '>' => "&gt;"u8,
        '"' => "&quot;"u8,
        // A parser would read a bare one as a line feed.
        '\r' => "&#xD;"u8,
        _ => [],
    };
}
