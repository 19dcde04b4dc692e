using System.Buffers.Binary;
using System.Net.Sockets;

namespace Kiln.Tests.Blocks.Nbd;

/// <summary>The smallest client: export by name, simple replies.</summary>
internal sealed class RawNbdClient : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    internal RawNbdClient(string path, string export)
    {
        socket.ReceiveTimeout = 10_000;
        socket.Connect(new UnixDomainSocketEndPoint(path));
        Take(18);
        var name = System.Text.Encoding.UTF8.GetBytes(export);
        socket.Send([0, 0, 0, 3, .. "IHAVEOPT"u8, 0, 0, 0, 1, 0, 0, 0, (byte)name.Length, .. name]);
        SizeBytes = BinaryPrimitives.ReadInt64BigEndian(Take(10));
    }

    internal long SizeBytes { get; }

    internal void Read(long offset, Span<byte> destination)
    {
        Assert.Equal(0u, Request(0, offset, (uint)destination.Length));
        Take(destination.Length).CopyTo(destination);
    }

    internal void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        Send(1, offset, (uint)bytes.Length);
        socket.Send(bytes);
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32BigEndian(Take(16).AsSpan(4)));
    }

    /// <summary>Sends a request without payload and gives the error of its reply.</summary>
    internal uint Request(ushort type, long offset, uint length)
    {
        Send(type, offset, length);
        return BinaryPrimitives.ReadUInt32BigEndian(Take(16).AsSpan(4));
    }

    /// <summary>Sends a request with its payload; <see cref="TakeError"/> gives the answer.</summary>
    internal void Send(ushort type, long offset, uint length, ReadOnlySpan<byte> payload)
    {
        Send(type, offset, length);
        socket.Send(payload);
    }

    /// <summary>The error of the next simple reply.</summary>
    internal uint TakeError() => BinaryPrimitives.ReadUInt32BigEndian(Take(16).AsSpan(4));

    public void Dispose() => socket.Dispose();

    private void Send(ushort type, long offset, uint length)
    {
        var request = new byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(request, 0x25609513);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), type);
        BinaryPrimitives.WriteInt64BigEndian(request.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(24), length);
        try
        {
            socket.Send(request);
        }
        catch (SocketException)
        {
            throw new EndOfStreamException();
        }
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var n = socket.Receive(bytes.AsSpan(done));
            if (n == 0) throw new EndOfStreamException();
            done += n;
        }

        return bytes;
    }
}
