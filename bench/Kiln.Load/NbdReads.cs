using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Kiln.Load;

/// <summary>Random reads of 4 KiB over one NBD connection, from a client that costs next to nothing.</summary>
/// <remarks>
/// What is ready is received with one call and answered with one, in simple replies: fio's thread takes four calls a
/// reply and is as busy as the server, so it shows the client's limit. The same for every server that is measured.
/// </remarks>
internal sealed class NbdReads : IDisposable
{
    private const int ReadBytes = 4096, ReplyBytes = 16, RequestBytes = 28;
    private static readonly TimeSpan RampTime = TimeSpan.FromMilliseconds(300);
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly byte[] _received;
    private readonly byte[] _requests;
    private readonly long[] _sentAt;
    private readonly List<long> _took = new(1 << 20);
    private readonly Random _random = new(1);
    private readonly long _places;

    private NbdReads(string path, string export, int depth)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        _places = Open(export) / ReadBytes;
        _received = new byte[depth * (ReadBytes + ReplyBytes)];
        _requests = new byte[depth * RequestBytes];
        _sentAt = new long[depth];
    }

    /// <summary>Prints reads a second, bytes a second, and the 50th and 99th percentile in microseconds.</summary>
    public static int Run(string path, string export, int depth, double seconds)
    {
        using var reads = new NbdReads(path, export, depth);
        reads.Measure(RampTime);
        var (count, span) = reads.Measure(TimeSpan.FromSeconds(seconds));
        var took = reads._took;
        took.Sort();
        double Micros(double part) => took[(int)(took.Count * part)] * 1e6 / Stopwatch.Frequency;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{count / span:F0} {count * ReadBytes / span:F0} {Micros(0.5):F1} {Micros(0.99):F1}"));
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    // Ends with nothing under way.
    private (long Count, double Seconds) Measure(TimeSpan time)
    {
        _took.Clear();
        var began = Stopwatch.GetTimestamp();
        for (var slot = 0; slot < _sentAt.Length; slot++) Ask(slot, slot, began);
        _socket.Send(_requests);
        var (under, held) = (_sentAt.Length, 0);
        while (under > 0)
        {
            held += Some(_socket.Receive(_received, held, _received.Length - held, SocketFlags.None));
            var now = Stopwatch.GetTimestamp();
            var goOn = Stopwatch.GetElapsedTime(began, now) < time;
            int at = 0, asked = 0;
            for (; held - at >= ReplyBytes + ReadBytes; at += ReplyBytes + ReadBytes)
            {
                var reply = _received.AsSpan(at);
                if (BinaryPrimitives.ReadUInt64BigEndian(reply) != 0x67446698_00000000)
                    throw new InvalidDataException("The server answers with an error or another protocol.");
                var slot = (int)BinaryPrimitives.ReadUInt64BigEndian(reply[8..]);
                _took.Add(now - _sentAt[slot]);
                under--;
                if (goOn) Ask(asked++, slot, now);
            }
            under += asked;
            if (asked > 0) _socket.Send(_requests, 0, asked * RequestBytes, SocketFlags.None);
            _received.AsSpan(at, held - at).CopyTo(_received);
            held -= at;
        }
        return (_took.Count, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private void Ask(int at, int slot, long now)
    {
        var request = _requests.AsSpan(at * RequestBytes, RequestBytes);
        request.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(request, 0x25609513);
        BinaryPrimitives.WriteUInt64BigEndian(request[8..], (ulong)slot);
        BinaryPrimitives.WriteInt64BigEndian(request[16..], _random.NextInt64(_places) * ReadBytes);
        BinaryPrimitives.WriteUInt32BigEndian(request[24..], ReadBytes);
        _sentAt[slot] = now;
    }

    // NBD_OPT_EXPORT_NAME without zeroes; the NBD protocol, "Newstyle negotiation".
    private long Open(string export)
    {
        var head = new byte[18];
        Fill(head);
        var name = Encoding.UTF8.GetBytes(export);
        var ask = new byte[4 + 16 + name.Length];
        BinaryPrimitives.WriteUInt32BigEndian(ask, 3);
        "IHAVEOPT"u8.CopyTo(ask.AsSpan(4));
        BinaryPrimitives.WriteUInt32BigEndian(ask.AsSpan(12), 1);
        BinaryPrimitives.WriteInt32BigEndian(ask.AsSpan(16), name.Length);
        name.CopyTo(ask, 20);
        _socket.Send(ask);
        var found = new byte[10];
        Fill(found);
        return BinaryPrimitives.ReadInt64BigEndian(found);
    }

    private void Fill(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
            at += Some(_socket.Receive(bytes, at, bytes.Length - at, SocketFlags.None));
    }

    private static int Some(int received) =>
        received > 0 ? received : throw new EndOfStreamException("The server has closed the connection.");
}
