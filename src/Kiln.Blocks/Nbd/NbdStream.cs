using System.Buffers.Binary;
using System.Net.Sockets;

namespace Kiln.Blocks.Nbd;

/// <summary>
/// A socket with large buffers on both sides: one receive takes in many requests, one send carries many replies.
/// </summary>
/// <remarks>For one thread.</remarks>
internal sealed class NbdStream : IDisposable
{
    // Holds thousands of requests, or half a block of payload.
    private const int ReceiveSize = 256 << 10;
    private const int SendSize = 1 << 20;

    // The default of 208 KiB makes 512 KiB replies bounce between client and server.
    private const int SocketBuffer = 4 << 20;

    // About as long as a client takes to ask again at depth 1; longer would only burn what guests could use.
    private static readonly TimeSpan Spin = TimeSpan.FromMicroseconds(50);

    private readonly Socket socket;
    private readonly TimeProvider clock;
    private readonly byte[] incoming = GC.AllocateUninitializedArray<byte>(ReceiveSize);
    private readonly byte[] outgoing = GC.AllocateUninitializedArray<byte>(SendSize);
    private int start;
    private int end;
    private int pending;
    private bool lastWaitWasShort;

    internal NbdStream(Socket socket, TimeProvider clock)
    {
        this.socket = socket;
        this.clock = clock;
        socket.SendBufferSize = SocketBuffer;
        socket.ReceiveBufferSize = SocketBuffer;
        if (socket.ProtocolType == ProtocolType.Tcp) socket.NoDelay = true;
    }

    /// <summary>Bytes received and not yet taken.</summary>
    internal int Buffered => end - start;

    /// <summary>Takes exactly so many bytes, at most the buffer's size. Valid until the next call.</summary>
    /// <exception cref="EndOfStreamException">The peer has gone.</exception>
    internal ReadOnlySpan<byte> Take(int count)
    {
        while (Buffered < count)
        {
            // Nothing to do but wait: let the replies go first.
            Send();
            if (start > 0)
            {
                incoming.AsSpan(start, Buffered).CopyTo(incoming);
                (start, end) = (0, end - start);
            }

            end += Receive(incoming.AsSpan(end));
        }

        var taken = incoming.AsSpan(start, count);
        start += count;
        return taken;
    }

    /// <summary>Fills a span, without a copy for what has not been received yet.</summary>
    internal void TakeInto(Span<byte> destination)
    {
        var have = Math.Min(Buffered, destination.Length);
        incoming.AsSpan(start, have).CopyTo(destination);
        start += have;
        destination = destination[have..];
        while (destination.Length > 0)
        {
            Send();
            destination = destination[Receive(destination)..];
        }
    }

    internal void Skip(long count)
    {
        while (count > 0)
        {
            var part = (int)Math.Min(count, ReceiveSize);
            Take(part);
            count -= part;
        }
    }

    /// <summary>Room for so many bytes of reply, which go out with the next send.</summary>
    internal Span<byte> Put(int count)
    {
        if (pending + count > SendSize) Send();
        var room = outgoing.AsSpan(pending, count);
        pending += count;
        return room;
    }

    internal void Put16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Put(2), value);

    internal void Put32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Put(4), value);

    internal void Put64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Put(8), value);

    /// <summary>Sends a large payload behind what is pending, without copying it.</summary>
    internal void PutLarge(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= SendSize / 4)
        {
            bytes.CopyTo(Put(bytes.Length));
            return;
        }

        Send();
        SendAll(bytes);
    }

    internal void Send()
    {
        if (pending == 0) return;
        var count = pending;
        pending = 0;
        SendAll(outgoing.AsSpan(0, count));
    }

    public void Dispose() => socket.Dispose();

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[socket.Send(bytes)..];
    }

    // A peer at depth 1 asks again within microseconds: waking up from the kernel would cost more than waiting awake.
    private int Receive(Span<byte> destination)
    {
        var began = clock.GetTimestamp();
        if (lastWaitWasShort)
        {
            while (socket.Available == 0 && clock.GetElapsedTime(began) < Spin) Thread.SpinWait(8);
        }

        var count = socket.Receive(destination);
        lastWaitWasShort = clock.GetElapsedTime(began) < Spin * 2;
        return count > 0 ? count : throw new EndOfStreamException();
    }
}
