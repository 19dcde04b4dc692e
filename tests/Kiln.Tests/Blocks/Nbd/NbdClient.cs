using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Kiln.Tests.Blocks.Nbd;

/// <summary>A client that speaks structured replies and knows its replies apart, for one thread.</summary>
internal sealed class NbdClient : IDisposable
{
    internal const ushort Read = 0, Write = 1, Flush = 3, Trim = 4, Cache = 5, WriteZeroes = 6, BlockStatus = 7;
    internal const ushort Fua = 1, NoHole = 2, Df = 4, ReqOne = 8, FastZero = 16;

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Dictionary<string, uint> contexts = [];
    private ulong cookie;

    internal NbdClient(string path, string export, params string[] wanted)
    {
        socket.ReceiveTimeout = 30_000;
        socket.Connect(new UnixDomainSocketEndPoint(path));
        Take(18);
        socket.Send([0, 0, 0, 3]);
        Option(8, []);
        var name = Encoding.UTF8.GetBytes(export);
        if (wanted.Length > 0)
        {
            var query = new List<byte>();
            query.AddRange([.. Big32(name.Length), .. name, .. Big32(wanted.Length)]);
            foreach (var context in wanted)
                query.AddRange([.. Big32(context.Length), .. Encoding.UTF8.GetBytes(context)]);
            Option(10, [.. query]);
        }

        Option(7, [.. Big32(name.Length), .. name, 0, 0]);
    }

    internal long SizeBytes { get; private set; }

    internal ushort Flags { get; private set; }

    /// <summary>One reply: the error, the bytes of a read, the extents by context, and how many chunks there were.
    /// </summary>
    internal sealed record Reply(
        uint Error, byte[] Data, Dictionary<string, List<(uint Length, uint Flags)>> Extents, int Chunks, bool HasHole);

    internal Reply Call(ushort type, long offset, long length, ushort flags = 0, ReadOnlySpan<byte> payload = default)
    {
        Send(type, offset, length, flags, payload);
        return Receive(offset, type == Read ? (int)length : 0);
    }

    internal void Send(ushort type, long offset, long length, ushort flags = 0, ReadOnlySpan<byte> payload = default)
    {
        var request = new byte[28 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(request, 0x25609513);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), type);
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(8), ++cookie);
        BinaryPrimitives.WriteInt64BigEndian(request.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(24), (uint)length);
        payload.CopyTo(request.AsSpan(28));
        for (var sent = 0; sent < request.Length;) sent += socket.Send(request.AsSpan(sent));
    }

    internal Reply Receive(long offset = 0, int length = 0)
    {
        var reply = new Reply(0, new byte[length], [], 0, false);
        while (true)
        {
            var header = Take(20);
            Assert.Equal(0x668e33efu, BinaryPrimitives.ReadUInt32BigEndian(header));
            var type = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6));
            var body = Take(BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(16)));
            reply = Chunk(reply with { Chunks = reply.Chunks + 1 }, type, body, offset);
            if ((BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)) & 1) != 0) return reply;
        }
    }

    public void Dispose() => socket.Dispose();

    private Reply Chunk(Reply reply, ushort type, byte[] body, long offset)
    {
        switch (type)
        {
            case 1:
                body.AsSpan(8).CopyTo(reply.Data.AsSpan((int)(BinaryPrimitives.ReadInt64BigEndian(body) - offset)));
                return reply;
            case 2:
                return reply with { HasHole = true };
            case 5:
                var name = contexts.Single(c => c.Value == BinaryPrimitives.ReadUInt32BigEndian(body)).Key;
                var extents = reply.Extents[name] = [];
                for (var at = 4; at < body.Length; at += 8)
                {
                    extents.Add((
                        BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(at)),
                        BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(at + 4))));
                }

                return reply;
            case 0x8001:
                return reply with { Error = BinaryPrimitives.ReadUInt32BigEndian(body) };
            default:
                return reply;
        }
    }

    private void Option(uint option, byte[] data)
    {
        socket.Send([.. "IHAVEOPT"u8, .. Big32((int)option), .. Big32(data.Length), .. data]);
        while (true)
        {
            var header = Take(20);
            var type = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
            var body = Take(BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(16)));
            if (type == 1) return;
            if (type >= 0x8000_0000) throw new EndOfStreamException($"Refused: {type:x}");
            if (type == 4)
                contexts[Encoding.UTF8.GetString(body.AsSpan(4))] = BinaryPrimitives.ReadUInt32BigEndian(body);
            if (type != 3 || body[1] != 0) continue;
            SizeBytes = BinaryPrimitives.ReadInt64BigEndian(body.AsSpan(2));
            Flags = BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(10));
        }
    }

    private static byte[] Big32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            int n;
            try
            {
                n = socket.Receive(bytes.AsSpan(done));
            }
            catch (SocketException e) when (e.SocketErrorCode != SocketError.TimedOut)
            {
                n = 0;
            }

            if (n == 0) throw new EndOfStreamException();
            done += n;
        }

        return bytes;
    }
}
