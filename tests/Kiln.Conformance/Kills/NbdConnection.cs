using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Kiln.Conformance.Kills;

/// <summary>A plain NBD client that waits for each reply, and whose server may die at any moment.</summary>
public sealed class NbdConnection : IDisposable
{
    private const int OptionExportName = 1;
    private const uint RequestMagic = 0x25609513;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Connects to one export.</summary>
    /// <exception cref="IOException">The server is gone, or has no such export.</exception>
    public NbdConnection(string path, string export) => Guard(() =>
    {
        _socket.ReceiveTimeout = 30_000;
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        Take(18);
        var name = Encoding.UTF8.GetBytes(export);
        byte[] hello = [0, 0, 0, 3, .. "IHAVEOPT"u8, 0, 0, 0, OptionExportName, 0, 0, 0, (byte)name.Length, .. name];
        _socket.Send(hello);
        Take(10);
    });

    /// <summary>Reads.</summary>
    public byte[] Read(long offset, int length)
    {
        byte[] bytes = [];
        Guard(() =>
        {
            Send(0, offset, length, []);
            bytes = Take(length);
        });
        return bytes;
    }

    /// <summary>Writes; when it returns the server has acknowledged.</summary>
    public void Write(long offset, byte[] bytes) => Guard(() => Send(1, offset, bytes.Length, bytes));

    /// <summary>Flushes what any connection has had acknowledged.</summary>
    public void Flush() => Guard(() => Send(3, 0, 0, []));

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Send(ushort type, long offset, int length, byte[] payload)
    {
        var request = new byte[28 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(request, RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), type);
        BinaryPrimitives.WriteInt64BigEndian(request.AsSpan(16), offset);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(24), length);
        payload.CopyTo(request, 28);
        for (var sent = 0; sent < request.Length;) sent += _socket.Send(request.AsSpan(sent));
        var error = BinaryPrimitives.ReadUInt32BigEndian(Take(16).AsSpan(4));
        if (error != 0)
            throw new IOException($"The server answered {error}.");
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var read = _socket.Receive(bytes.AsSpan(done));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            done += read;
        }
        return bytes;
    }

    private static void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (SocketException gone)
        {
            throw new IOException("The server is gone.", gone);
        }
    }
}
