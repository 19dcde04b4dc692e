using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Kiln.Blocks.Backends;

namespace Kiln.Tests.Blocks.Formats;

/// <summary>Bytes written down field by field, as a page of docs/formats draws them: offset, then value.</summary>
internal sealed class Bytes(int length)
{
    private readonly byte[] all = new byte[length];

    public static implicit operator byte[](Bytes bytes) => bytes.all;

    internal Span<byte> Span => all;

    internal Bytes Text(int at, string text) => Put(at, Encoding.UTF8.GetBytes(text));

    internal Bytes U8(int at, byte value) => Put(at, [value]);

    internal Bytes U16(int at, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(all.AsSpan(at), value);
        return this;
    }

    internal Bytes U32(int at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(all.AsSpan(at), value);
        return this;
    }

    internal Bytes U64(int at, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(all.AsSpan(at), value);
        return this;
    }

    internal Bytes Put(int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(all.AsSpan(at));
        return this;
    }

    /// <summary>The XXH3-64 of the bytes before, with a seed.</summary>
    internal Bytes Hash(int at, ulong seed = 0) => U64(at, XxHash3.HashToUInt64(all.AsSpan(0, at), (long)seed));

    internal static void Write(IBackend disk, string name, params byte[][] pieces)
    {
        using var file = disk.Create(name, direct: false);
        file.Write(0, (byte[])[.. pieces.SelectMany(p => p)]);
        file.Sync();
    }

    internal static byte[] Read(IBackend disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        return bytes[..file.Read(0, bytes)];
    }
}
