using System.Buffers.Binary;
using System.Text;
using Kiln.Blocks.Devices;
using static Kiln.Blocks.Nbd.NbdProtocol;

namespace Kiln.Blocks.Nbd;

/// <summary>Fixed newstyle negotiation: from the greeting to the choice of an export.</summary>
internal sealed class NbdHandshake(NbdStream stream, Func<string, IDevice?> find, Func<IEnumerable<string>> names)
{
    private bool noZeroes;

    internal bool StructuredReplies { get; private set; }

    /// <summary>True when the client asked for base:allocation of the export it then chose.</summary>
    internal bool AllocationContext { get; private set; }

    private string? contextExport;

    /// <summary>Negotiates; null when the client only looked around.</summary>
    internal IDevice? Run()
    {
        stream.Put64(Magic);
        stream.Put64(OptionMagic);
        stream.Put16(FlagFixedNewstyle | FlagNoZeroes);
        stream.Send();
        var flags = BinaryPrimitives.ReadUInt32BigEndian(stream.Take(4));
        if ((flags & ~(uint)(FlagFixedNewstyle | FlagNoZeroes)) != 0 || (flags & FlagFixedNewstyle) == 0)
            throw new NbdProtocolException("Unknown client flags.");
        noZeroes = (flags & FlagNoZeroes) != 0;
        for (var i = 0; i < OptionsMax; i++)
        {
            var header = stream.Take(16);
            if (BinaryPrimitives.ReadUInt64BigEndian(header) != OptionMagic)
                throw new NbdProtocolException("An option does not begin as one.");
            var option = BinaryPrimitives.ReadUInt32BigEndian(header[8..]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
            if (length > OptionMax)
            {
                if (length > PayloadMax) throw new NbdProtocolException("An option is too long.");
                stream.Skip(length);
                Reply(option, ReplyErrorTooBig, []);
                continue;
            }

            byte[] data = [.. stream.Take((int)length)];
            if (option == OptionAbort)
            {
                Reply(option, ReplyAck, []);
                return null;
            }

            if (Handle(option, data) is { } chosen) return chosen;
        }

        throw new NbdProtocolException("Too many options.");
    }

    private IDevice? Handle(uint option, byte[] data)
    {
        switch (option)
        {
            case OptionExportName:
                return ChooseByName(data);
            case OptionGo or OptionInfo:
                return Inform(option, data);
            case OptionList:
                List(data);
                return null;
            case OptionStructuredReply when data.Length == 0:
                StructuredReplies = true;
                Reply(option, ReplyAck, []);
                return null;
            case OptionStructuredReply:
                Reply(option, ReplyErrorInvalid, []);
                return null;
            case OptionListMetaContext or OptionSetMetaContext:
                Contexts(option, data);
                return null;
            default:
                Reply(option, ReplyErrorUnsupported, []);
                return null;
        }
    }

    // The old way has no error reply: an unknown name ends the connection.
    private IDevice ChooseByName(byte[] data)
    {
        var name = Encoding.UTF8.GetString(data);
        var device = find(name) ?? throw new NbdProtocolException("No such export.");
        if (contextExport != name) AllocationContext = false;
        stream.Put64((ulong)device.SizeBytes);
        stream.Put16(FlagsOf(device));
        if (!noZeroes) stream.Put(124).Clear();
        stream.Send();
        return device;
    }

    private IDevice? Inform(uint option, byte[] data)
    {
        if (!TryReadName(data, out var name, out var rest) || rest.Length < 2
            || rest.Length != 2 + (2 * BinaryPrimitives.ReadUInt16BigEndian(rest)))
        {
            Reply(option, ReplyErrorInvalid, []);
            return null;
        }

        if (find(name) is not { } device)
        {
            Reply(option, ReplyErrorUnknown, Encoding.UTF8.GetBytes("No such export."));
            return null;
        }

        Span<byte> export = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(export, InfoExport);
        BinaryPrimitives.WriteUInt64BigEndian(export[2..], (ulong)device.SizeBytes);
        BinaryPrimitives.WriteUInt16BigEndian(export[10..], FlagsOf(device));
        Reply(option, ReplyInfo, export);
        Span<byte> sizes = stackalloc byte[14];
        BinaryPrimitives.WriteUInt16BigEndian(sizes, InfoBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(sizes[2..], VolumeDevice.AlignmentBytes);
        BinaryPrimitives.WriteUInt32BigEndian(sizes[6..], LayerMap.SectorSize);
        BinaryPrimitives.WriteUInt32BigEndian(sizes[10..], PayloadMax);
        Reply(option, ReplyInfo, sizes);
        Reply(option, ReplyAck, []);
        if (option == OptionInfo) return null;
        if (contextExport != name) AllocationContext = false;
        return device;
    }

    private void List(byte[] data)
    {
        if (data.Length != 0)
        {
            Reply(OptionList, ReplyErrorInvalid, []);
            return;
        }

        foreach (var name in names())
        {
            var text = Encoding.UTF8.GetBytes(name);
            var entry = new byte[4 + text.Length];
            BinaryPrimitives.WriteInt32BigEndian(entry, text.Length);
            text.CopyTo(entry, 4);
            Reply(OptionList, ReplyServer, entry);
        }

        Reply(OptionList, ReplyAck, []);
    }

    private void Contexts(uint option, byte[] data)
    {
        if (!TryReadName(data, out var name, out var rest) || rest.Length < 4 || !StructuredReplies)
        {
            Reply(option, ReplyErrorInvalid, []);
            return;
        }

        var count = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[4..];
        var wanted = count == 0 && option == OptionListMetaContext;
        for (uint i = 0; i < count; i++)
        {
            if (rest.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - 4)
            {
                Reply(option, ReplyErrorInvalid, []);
                return;
            }

            var query = Encoding.UTF8.GetString(rest.Slice(4, (int)length));
            wanted |= query == NbdProtocol.AllocationContext
                || (query == "base:" && option == OptionListMetaContext);
            rest = rest[(4 + (int)length)..];
        }

        if (rest.Length != 0)
        {
            Reply(option, ReplyErrorInvalid, []);
            return;
        }

        if (find(name) is null)
        {
            Reply(option, ReplyErrorUnknown, []);
            return;
        }

        if (option == OptionSetMetaContext) (AllocationContext, contextExport) = (wanted, name);
        if (wanted)
        {
            var context = Encoding.UTF8.GetBytes(NbdProtocol.AllocationContext);
            var entry = new byte[4 + context.Length];
            BinaryPrimitives.WriteUInt32BigEndian(entry, option == OptionSetMetaContext ? AllocationContextId : 0);
            context.CopyTo(entry, 4);
            Reply(option, ReplyMetaContext, entry);
        }

        Reply(option, ReplyAck, []);
    }

    private static bool TryReadName(byte[] data, out string name, out ReadOnlySpan<byte> rest)
    {
        name = "";
        rest = default;
        if (data.Length < 4) return false;
        var length = BinaryPrimitives.ReadUInt32BigEndian(data);
        if (length > data.Length - 4) return false;
        name = Encoding.UTF8.GetString(data.AsSpan(4, (int)length));
        rest = data.AsSpan(4 + (int)length);
        return true;
    }

    // A flush on one connection covers the writes of all: they go to one volume in one process.
    private static ushort FlagsOf(IDevice device) => (ushort)(
        HasFlags | SendFlush | SendFua | SendTrim | SendWriteZeroes | SendDf | CanMultiConn
        | (device.IsReadOnly ? NbdProtocol.ReadOnly : 0));

    private void Reply(uint option, uint type, ReadOnlySpan<byte> data)
    {
        stream.Put64(OptionReplyMagic);
        stream.Put32(option);
        stream.Put32(type);
        stream.Put32((uint)data.Length);
        data.CopyTo(stream.Put(data.Length));
        stream.Send();
    }
}
