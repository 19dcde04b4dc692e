using System.Text;
using System.Text.Unicode;
using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Codecs;

/// <summary>Reads <c>application/x-www-form-urlencoded</c> parameters, strictly.</summary>
/// <remarks>
/// Refused with <c>MalformedQueryString</c>: percent-encoding that does not decode to UTF-8, a name given twice, and
/// whatever passes the limits below. What a name means is not known here.
/// </remarks>
internal ref struct FormReader(ReadOnlySpan<byte> form)
{
    /// <summary>AWS takes 1 MiB of a query request at most; user data of 16 KiB fits many times.</summary>
    public const int BytesMax = 1 << 20;

    /// <summary>1,000 resources with 5 parameters each, twice: far above any real call, small enough to
    /// index.</summary>
    public const int ParametersMax = 10_000;

    /// <summary>The longest name in the EC2 model takes about 120 characters.</summary>
    public const int NameCharsMax = 512;

    /// <summary>The deepest name in the EC2 model has 9 segments.</summary>
    public const int DepthMax = 16;

    private ReadOnlySpan<byte> _rest = form;

    /// <summary>The current parameter's name, still encoded.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The current parameter's value, still encoded.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next parameter; empty ones (<c>&amp;&amp;</c>) are skipped.</summary>
    public bool Next()
    {
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf((byte)'&');
            var pair = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? [] : _rest[(end + 1)..];
            if (pair.IsEmpty) continue;
            var equals = pair.IndexOf((byte)'=');
            Name = equals < 0 ? pair : pair[..equals];
            Value = equals < 0 ? [] : pair[(equals + 1)..];
            return true;
        }

        return false;
    }

    /// <summary>The value of one parameter of a request, from its query string or its form; null when absent.</summary>
    public static string? Find(WireRequest request, ReadOnlySpan<byte> name)
    {
        foreach (var part in (ReadOnlySpan<ReadOnlyMemory<byte>>)Parts(request))
        {
            var reader = new FormReader(part.Span);
            while (reader.Next())
            {
                if (reader.Name.SequenceEqual(name)) return Decode(reader.Value);
            }
        }

        return null;
    }

    /// <summary>Reads all parameters of a request into a tree by the segments of their names.</summary>
    public static FormNode Read(WireRequest request)
    {
        var root = new FormNode("", null);
        var count = 0;
        foreach (var part in (ReadOnlySpan<ReadOnlyMemory<byte>>)Parts(request))
        {
            var reader = new FormReader(part.Span);
            while (reader.Next())
            {
                if (++count > ParametersMax) throw Malformed($"A request may have {ParametersMax} parameters at most");
                Add(root, Decode(reader.Name), Decode(reader.Value));
            }
        }

        return root;
    }

    /// <summary>Undoes percent-encoding; <c>+</c> is a space.</summary>
    public static string Decode(ReadOnlySpan<byte> raw)
    {
        if (raw.IsEmpty) return "";
        if (raw.IndexOfAny((byte)'%', (byte)'+') < 0) return Text(raw);
        var buffer = raw.Length <= 256 ? stackalloc byte[256] : new byte[raw.Length];
        var length = 0;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '%')
            {
                buffer[length++] = raw[i] == '+' ? (byte)' ' : raw[i];
                continue;
            }

            if (i + 2 >= raw.Length || !char.IsAsciiHexDigit((char)raw[i + 1])
                || !char.IsAsciiHexDigit((char)raw[i + 2]))
                throw Malformed("The query string contains a '%' that two hexadecimal digits do not follow");
            buffer[length++] = (byte)((Digit(raw[i + 1]) << 4) | Digit(raw[i + 2]));
            i += 2;
        }

        return Text(buffer[..length]);
    }

    private static int Digit(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;

    private static string Text(ReadOnlySpan<byte> utf8) => Utf8.IsValid(utf8)
        ? Encoding.UTF8.GetString(utf8)
        : throw Malformed("The query string is not UTF-8");

    private static ReadOnlyMemory<byte>[] Parts(WireRequest request)
    {
        if (request.Body.Length > BytesMax || request.QueryString.Length > BytesMax)
            throw new AwsException("RequestEntityTooLarge", 413, $"A request may have {BytesMax} bytes at most");
        return request.QueryString.Length == 0
            ? [request.Body]
            : [Encoding.UTF8.GetBytes(request.QueryString), request.Body];
    }

    private static void Add(FormNode root, string name, string value)
    {
        if (name.Length > NameCharsMax)
            throw Malformed($"A parameter's name may have {NameCharsMax} characters at most");
        var node = root;
        var depth = 0;
        foreach (var range in name.AsSpan().Split('.'))
        {
            if (++depth > DepthMax) throw Malformed($"A parameter's name may have {DepthMax} segments at most");
            node = node.Child(name.AsSpan(range));
        }

        if (node.Value is not null) throw Malformed($"The parameter {Faults.Quoted(name)} is given twice");
        node.Value = value;
    }

    private static AwsException Malformed(string why) => new("MalformedQueryString", 400, why);
}
