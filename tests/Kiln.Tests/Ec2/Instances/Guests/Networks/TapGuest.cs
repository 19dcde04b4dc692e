using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Kiln.Service.Ec2.Instances.Guests.Networks;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Tests.Ec2.Instances.Guests.Networks;

/// <summary>A machine's card without a machine: sends and receives frames on its tap device, as QEMU would.</summary>
internal sealed partial class TapGuest : IDisposable
{
    /// <summary>IP protocols.</summary>
    public const byte Icmp = 1, Tcp = 6, Udp = 17;

    private const int TunSetIff = 0x400454ca;
    private const short Tap = 0x2, NoPacketInfo = 0x1000;
    private const int CloneNewNet = 0x40000000;

    private static readonly byte[] Everybody = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

    private readonly byte[] _router;
    private readonly SafeFileHandle _file;
    private readonly Thread _reader;
    private volatile bool _isClosed;
    private readonly Channel<byte[]> _frames = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Opens the device in its namespace, whose end of it has the router's MAC address.</summary>
    public TapGuest(
        NetworkNamespace space, string device, string mac, string address, string instanceId, string router)
    {
        InstanceId = instanceId;
        _router = Convert.FromHexString(router.Trim().Replace(":", "", StringComparison.Ordinal));
        Mac = Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));
        Address = IPAddress.Parse(address);
        SafeFileHandle? file = null;
        var thread = new Thread(() =>
        {
            using var entry = File.OpenHandle(space.Path);
            Assert.Equal(0, SetNs((int)entry.DangerousGetHandle(), CloneNewNet));
            file = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            var request = new byte[40];
            System.Text.Encoding.ASCII.GetBytes(device).CopyTo(request, 0);
            BinaryPrimitives.WriteInt16LittleEndian(request.AsSpan(16), Tap | NoPacketInfo);
            Assert.Equal(0, IoCtl((int)file.DangerousGetHandle(), TunSetIff, ref request[0]));
        });
        thread.Start();
        thread.Join();
        _file = file!;
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    /// <summary>Whose card it is.</summary>
    public string InstanceId { get; }

    /// <summary>The card's address.</summary>
    public byte[] Mac { get; }

    /// <summary>The machine's address.</summary>
    public IPAddress Address { get; }

    /// <summary>Sends an IPv4 packet to whoever takes frames on the device.</summary>
    public void Send(string to, byte protocol, byte[] payload, IPAddress? from = null)
    {
        var frame = new byte[14 + 20 + payload.Length];
        (to == "255.255.255.255" ? Everybody : _router).CopyTo(frame, 0);
        Mac.CopyTo(frame, 6);
        frame[12] = 8;
        var ip = frame.AsSpan(14);
        (ip[0], ip[8], ip[9]) = (0x45, 64, protocol);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + payload.Length));
        (from ?? Address).GetAddressBytes().CopyTo(ip[12..]);
        IPAddress.Parse(to).GetAddressBytes().CopyTo(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Sum(ip[..20]));
        payload.CopyTo(ip[20..]);
        Assert.Equal(frame.Length, (int)WriteTo((int)_file.DangerousGetHandle(), ref frame[0], (nuint)frame.Length));
    }

    /// <summary>Waits for a packet of a protocol; null where none comes within a while.</summary>
    public async Task<byte[]?> Receive(byte protocol, Func<byte[], bool> wanted, int milliseconds = 15_000)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);
        try
        {
            while (true)
            {
                var frame = await _frames.Reader.ReadAsync(limit.Token);
                if (frame.Length >= 34 && frame[12] == 8 && frame[13] == 0 && frame[23] == protocol)
                {
                    var packet = frame[14..];
                    if (wanted(packet))
                        return packet;
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ChannelClosedException)
        {
            return null;
        }
    }

    /// <summary>An echo request's bytes.</summary>
    public static byte[] Echo(byte number)
    {
        byte[] bytes = [8, 0, 0, 0, 0x12, 0x34, 0, number];
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), Sum(bytes));
        return bytes;
    }

    /// <summary>A connection's first segment.</summary>
    public byte[] Syn(string to, ushort port, ushort from, IPAddress? source = null)
    {
        var bytes = new byte[20];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, from);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), port);
        (bytes[7], bytes[12], bytes[13], bytes[14]) = (1, 0x50, 2, 0x40);
        byte[] pseudo =
        [
            .. (source ?? Address).GetAddressBytes(), .. IPAddress.Parse(to).GetAddressBytes(), 0, Tcp, 0, 20, .. bytes,
        ];
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(16), Sum(pseudo));
        return bytes;
    }

    /// <summary>A DHCP message in a UDP datagram.</summary>
    public byte[] Dhcp(byte kind, IPAddress? wanted = null)
    {
        byte[] options = wanted is null
            ? [53, 1, kind, 255] : [53, 1, kind, 50, 4, .. wanted.GetAddressBytes(), 255];
        var bytes = new byte[8 + 240 + options.Length];
        (bytes[1], bytes[3]) = (68, 67);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)bytes.Length);
        var message = bytes.AsSpan(8);
        (message[0], message[1], message[2], message[4]) = (1, 1, 6, 0x77);
        Mac.CopyTo(message[28..]);
        ((ReadOnlySpan<byte>)[99, 130, 83, 99]).CopyTo(message[236..]);
        options.CopyTo(message[240..]);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _reader.Join();
        _file.Dispose();
    }

    private void Read()
    {
        var buffer = new byte[2048];
        while (!_isClosed)
        {
            // struct pollfd: the file, POLLIN, what happened. Not blocked in read, which would keep the device busy.
            var look = (long)(uint)_file.DangerousGetHandle() | (1L << 32);
            if (Poll(ref look, 1, 20) > 0
                && ReadFrom((int)_file.DangerousGetHandle(), ref buffer[0], (nuint)buffer.Length) is var length and > 0)
                _frames.Writer.TryWrite(buffer[..(int)length]);
        }
        _frames.Writer.TryComplete();
    }

    private static ushort Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var at = 0; at < bytes.Length; at += 2)
            sum += (uint)((bytes[at] << 8) | (at + 1 < bytes.Length ? bytes[at + 1] : 0));
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    [LibraryImport("libc", EntryPoint = "setns")]
    private static partial int SetNs(int file, int kind);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref long look, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadFrom(int file, ref byte first, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint WriteTo(int file, ref byte first, nuint count);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int IoCtl(int file, nuint request, ref byte argument);
}
