using System.Buffers.Binary;
using System.Text;
using Kiln.Blocks.Devices;
using static Kiln.Blocks.Nbd.NbdProtocol;

namespace Kiln.Blocks.Nbd;

/// <summary>Fixed newstyle negotiation: from the greeting to the choice of an export.</summary>
internal sealed class NbdHandshake(
    NbdStream stream, Func<string, IDevice?> find, Func<IEnumerable<string>> names, Func<string, long> sizeMax)
{
    private static readonly (string Name, uint Id)[] Known =
        [(AllocationContext, AllocationContextId), (DirtyContext, DirtyContextId)];

    private bool noZeroes;
    private bool structuredReplies;
    private uint contexts;
    private string? contextExport;

    /// <summary>Negotiates; null when the client only looked around.</summary>
    internal NbdExport? Run()
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

    private NbdExport? Handle(uint option, byte[] data)
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
                structuredReplies = true;
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
    private NbdExport ChooseByName(byte[] data)
    {
        var name = Encoding.UTF8.GetString(data);
        var device = find(name) ?? throw new NbdProtocolException("No such export.");
        var export = ExportOf(name, device);
        stream.Put64((ulong)export.SizeBytes);
        stream.Put16(FlagsOf(device));
        if (!noZeroes) stream.Put(124).Clear();
        stream.Send();
        return export;
    }

    private NbdExport? Inform(uint option, byte[] data)
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

        var export = ExportOf(name, device);
        Span<byte> info = stackalloc byte[12];
        BinaryPrimitives.WriteUInt16BigEndian(info, InfoExport);
        BinaryPrimitives.WriteUInt64BigEndian(info[2..], (ulong)export.SizeBytes);
        BinaryPrimitives.WriteUInt16BigEndian(info[10..], FlagsOf(device));
        Reply(option, ReplyInfo, info);
        Span<byte> sizes = stackalloc byte[14];
        BinaryPrimitives.WriteUInt16BigEndian(sizes, InfoBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(sizes[2..], VolumeDevice.AlignmentBytes);
        BinaryPrimitives.WriteUInt32BigEndian(sizes[6..], LayerMap.SectorSize);
        BinaryPrimitives.WriteUInt32BigEndian(sizes[10..], PayloadMax);
        Reply(option, ReplyInfo, sizes);
        Reply(option, ReplyAck, []);
        return option == OptionInfo ? null : export;
    }

    // Contexts count for the export that they were asked of. The size is read once: it may grow at any time.
    private NbdExport ExportOf(string name, IDevice device) =>
        new(device, Math.Min(device.SizeBytes, sizeMax(name)), structuredReplies,
            contextExport == name ? contexts : 0);

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
        if (!TryReadName(data, out var name, out var rest) || rest.Length < 4 || !structuredReplies)
        {
            Reply(option, ReplyErrorInvalid, []);
            return;
        }

        var count = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[4..];
        var wanted = count == 0 && option == OptionListMetaContext ? AllocationContextId | DirtyContextId : 0;
        for (uint i = 0; i < count; i++)
        {
            if (rest.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - 4)
            {
                Reply(option, ReplyErrorInvalid, []);
                return;
            }

            wanted |= Matching(option, Encoding.UTF8.GetString(rest.Slice(4, (int)length)));
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

        if (option == OptionSetMetaContext) (contexts, contextExport) = (wanted, name);
        foreach (var (context, id) in Known)
        {
            if ((wanted & id) == 0) continue;
            var text = Encoding.UTF8.GetBytes(context);
            var entry = new byte[4 + text.Length];
            BinaryPrimitives.WriteUInt32BigEndian(entry, option == OptionSetMetaContext ? id : 0);
            text.CopyTo(entry, 4);
            Reply(option, ReplyMetaContext, entry);
        }

        Reply(option, ReplyAck, []);
    }

    // A list may be asked for a whole namespace, as in "base:".
    private static uint Matching(uint option, string query)
    {
        uint ids = 0;
        foreach (var (context, id) in Known)
        {
            var isNamespace = option == OptionListMetaContext && query.EndsWith(':')
                && context.StartsWith(query, StringComparison.Ordinal);
            if (isNamespace || query == context) ids |= id;
        }

        return ids;
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
        HasFlags | SendFlush | SendFua | SendTrim | SendWriteZeroes | SendDf | CanMultiConn | SendCache
        | SendFastZero
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
