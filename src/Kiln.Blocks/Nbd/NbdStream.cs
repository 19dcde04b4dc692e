using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Kiln.Blocks.Nbd;

/// <summary>
/// A socket with large buffers on both sides: one receive takes in many requests, one send carries many replies.
/// </summary>
/// <remarks>For one thread. Whatever ends the connection is an <see cref="EndOfStreamException"/>.</remarks>
internal sealed unsafe class NbdStream : IDisposable
{
    /// <summary>Most bytes of one <see cref="Take"/> or <see cref="Put"/>: a payload goes in pieces of it, small
    /// enough that a piece is still in the core's cache when it is handed on.</summary>
    internal const int PieceMax = 256 << 10;

    // Two pieces and thousands of requests, so that a write of a block is taken in place.
    private const int ReceiveSize = (2 * PieceMax) + (64 << 10);
    private const int SendSize = PieceMax + 4096;

    // The default of 208 KiB makes 512 KiB replies bounce between client and server.
    private const int SocketBuffer = 4 << 20;

    // About as long as a client takes to ask again at depth 1; longer would only burn what guests could use.
    private static readonly TimeSpan Spin = TimeSpan.FromMicroseconds(50);

    // Who waits awake takes a core from those who work: never more than half of them.
    private static readonly int SpinnersMax = Math.Max(1, Environment.ProcessorCount / 2);
    private static int spinners;

    private readonly Socket socket;
    private readonly SafeSocketHandle handle;
    private readonly TimeProvider clock;
    private readonly AlignedBuffer incoming = new(ReceiveSize);
    private readonly AlignedBuffer outgoing = new(SendSize);
    private readonly long began;
    private TimeSpan deadline;
    private int start;
    private int end;
    private int pending;
    private bool lastWaitWasShort;

    internal NbdStream(Socket socket, TimeProvider clock)
    {
        this.socket = socket;
        this.clock = clock;
        handle = socket.SafeHandle;
        began = clock.GetTimestamp();
        socket.SendBufferSize = SocketBuffer;
        socket.ReceiveBufferSize = SocketBuffer;
        if (socket.ProtocolType == ProtocolType.Tcp) socket.NoDelay = true;
    }

    /// <summary>Bytes received and not yet taken.</summary>
    internal int Buffered => end - start;

    /// <summary>Ends the connection unless <see cref="ClearDeadline"/> is called within a time.</summary>
    internal void SetDeadline(TimeSpan within)
    {
        deadline = within;
        socket.ReceiveTimeout = socket.SendTimeout = (int)within.TotalMilliseconds;
    }

    /// <summary>From here on the peer may be silent for as long as it likes.</summary>
    internal void ClearDeadline()
    {
        deadline = default;
        socket.ReceiveTimeout = socket.SendTimeout = 0;
    }

    /// <summary>Takes exactly so many bytes, at most <see cref="PieceMax"/>. Valid until the next call.</summary>
    internal ReadOnlySpan<byte> Take(int count)
    {
        if (Buffered < count) Fill(count);
        var taken = incoming.Span.Slice(start, count);
        start += count;
        return taken;
    }

    internal void Skip(long count)
    {
        while (count > 0)
        {
            var part = (int)Math.Min(count, PieceMax);
            Take(part);
            count -= part;
        }
    }

    /// <summary>Room for so many bytes of reply, at most <see cref="PieceMax"/> and a header, which go out with the
    /// next send.</summary>
    internal Span<byte> Put(int count)
    {
        if (pending + count > SendSize) Send();
        var room = outgoing.Span.Slice(pending, count);
        pending += count;
        return room;
    }

    /// <summary>Takes back the last room that was put: what should have filled it failed.</summary>
    internal void Unput(int count) => pending -= count;

    internal void Put16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Put(2), value);

    internal void Put32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Put(4), value);

    internal void Put64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Put(8), value);

    internal void Send()
    {
        var bytes = outgoing.Span[..pending];
        pending = 0;
        fixed (byte* from = bytes)
        {
            for (var done = 0; done < bytes.Length;)
            {
                var n = SocketCalls.Send(handle, from + done, bytes.Length - done, SocketCalls.NoSignal);
                if (n >= 0) done += (int)n;
                else if (Marshal.GetLastPInvokeError() != SocketCalls.Interrupted) throw Gone();
            }
        }
    }

    /// <summary>Sends a range of a file behind what is pending, without its bytes passing through this process.
    /// </summary>
    /// <returns>Bytes sent: fewer when the file ended, could not be read, or was closed.</returns>
    internal int SendFile(SafeHandle file, long offset, int count)
    {
        Send();
        var done = 0;
        while (done < count)
        {
            nint n;
            try
            {
                n = SocketCalls.SendFile(handle, file, ref offset, count - done);
            }
            catch (ObjectDisposedException) when (!handle.IsClosed)
            {
                return done;
            }

            if (n > 0)
            {
                done += (int)n;
                continue;
            }

            // Which side failed does not show. If it was the socket, the caller's next send fails as well.
            if (n == 0 || Marshal.GetLastPInvokeError() != SocketCalls.Interrupted) return done;
        }

        return done;
    }

    public void Dispose()
    {
        socket.Dispose();
        incoming.Dispose();
        outgoing.Dispose();
    }

    private void Fill(int count)
    {
        // Nothing to do but wait: let the replies go first.
        Send();
        var bytes = incoming.Span;
        if (start == end) start = end = 0;
        if (start + count > ReceiveSize)
        {
            bytes[start..end].CopyTo(bytes);
            (start, end) = (0, end - start);
        }

        while (Buffered < count) end += Receive(bytes[end..]);
    }

    // A peer at depth 1 asks again within microseconds: waking up from the kernel would cost more than waiting awake.
    private int Receive(Span<byte> room)
    {
        var from = clock.GetTimestamp();
        if (deadline > TimeSpan.Zero && clock.GetElapsedTime(began) > deadline) throw Gone();
        nint count = -1;
        fixed (byte* to = room)
        {
            if (lastWaitWasShort)
            {
                if (Interlocked.Increment(ref spinners) <= SpinnersMax)
                {
                    do
                    {
                        count = SocketCalls.Receive(handle, to, room.Length, SocketCalls.DontWait);
                    }
                    while (count < 0 && Marshal.GetLastPInvokeError() == SocketCalls.WouldBlock
                        && clock.GetElapsedTime(from) < Spin);
                }

                Interlocked.Decrement(ref spinners);
            }

            while (count < 0)
            {
                count = SocketCalls.Receive(handle, to, room.Length, 0);
                if (count < 0 && Marshal.GetLastPInvokeError() != SocketCalls.Interrupted) throw Gone();
            }
        }

        lastWaitWasShort = clock.GetElapsedTime(from) < Spin * 2;
        return count > 0 ? (int)count : throw Gone();
    }

    private static EndOfStreamException Gone() => new("The peer has gone.");
}
