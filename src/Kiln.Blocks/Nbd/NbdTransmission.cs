using System.Buffers.Binary;
using System.Text;
using Kiln.Blocks.Devices;
using static Kiln.Blocks.Nbd.NbdProtocol;

namespace Kiln.Blocks.Nbd;

/// <summary>Requests and replies, one after the other on the connection's thread; replies go in batches.</summary>
/// <remarks>
/// No allocation a request, and no buffer but the stream's: a read fills the reply, a write takes its bytes from where
/// they were received, and long ones go piece by piece.
/// </remarks>
internal sealed class NbdTransmission(NbdStream stream, NbdExport export, NbdTally tally)
{
    private const int RequestSize = 28;
    private const int SimpleSize = 16;
    private const int ChunkSize = 20;

    // A client that flushes after every few writes will do so again.
    private const int WritesPerFlushMax = 4;

    private readonly IDevice device = export.Device;
    private readonly bool structured = export.StructuredReplies;
    private int writesSinceFlush;
    private bool flushesOften;
    private (long Offset, long Length) written;

    private readonly record struct Request(ushort Flags, ushort Type, ulong Cookie, ulong Offset, uint Length)
    {
        internal bool Has(ushort flag) => (Flags & flag) != 0;
    }

    /// <summary>Serves until the client says goodbye.</summary>
    /// <exception cref="EndOfStreamException">It left without.</exception>
    /// <exception cref="NbdProtocolException">It no longer speaks the protocol.</exception>
    internal void Run()
    {
        while (true)
        {
            var bytes = stream.Take(RequestSize);
            if (BinaryPrimitives.ReadUInt32BigEndian(bytes) != RequestMagic)
                throw new NbdProtocolException("A request does not begin as one.");
            var request = new Request(
                BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]), BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]),
                BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
                BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]));
            if (request.Type == CommandDisconnect) return;
            tally.Begin();
            Serve(request);
            tally.End(request.Type, request.Length);
            if (stream.Buffered >= RequestSize) continue;
            tally.Flush();
            stream.Send();

            // The reply is on its way: while it and the flush behind it travel, the disk can begin.
            if (written.Length > 0 && flushesOften && writesSinceFlush <= WritesPerFlushMax)
                device.StartFlush(written.Offset, written.Length);
            written = default;
        }
    }

    private void Serve(in Request request)
    {
        // The payload is there whether or not the request is acceptable.
        var payload = request.Type == CommandWrite ? request.Length : 0L;
        var error = Validate(request);
        try
        {
            if (error == 0) Perform(request, ref payload);
        }
        catch (StoreFullException)
        {
            error = ErrorNoSpace;
        }
        catch (StoreReadOnlyException)
        {
            error = ErrorPermission;
        }
        catch (IOException e) when (e is not NbdProtocolException and not EndOfStreamException)
        {
            error = ErrorIo;
        }

        if (error == 0) return;
        stream.Skip(payload);
        Fail(request, error);
    }

    private uint Validate(in Request request)
    {
        if ((request.Flags & ~CommandFlags) != 0) return ErrorInvalid;
        switch (request.Type)
        {
            case CommandFlush:
                return request.Offset == 0 && request.Length == 0 ? 0 : ErrorInvalid;
            case CommandRead or CommandWrite or CommandTrim or CommandWriteZeroes or CommandBlockStatus
                or CommandCache:
                break;
            default:
                return ErrorInvalid;
        }

        // The size is that of the handshake: a volume that grew since shows it to new connections only.
        var size = (ulong)export.SizeBytes;
        var changes = request.Type is CommandWrite or CommandTrim or CommandWriteZeroes;
        if (request.Offset > size || request.Length > size - request.Offset)
            return request.Type is CommandWrite or CommandWriteZeroes ? ErrorNoSpace : ErrorInvalid;
        if (((request.Offset | request.Length) & (VolumeDevice.AlignmentBytes - 1)) != 0 || request.Length == 0)
            return ErrorInvalid;
        if (request.Type is CommandRead or CommandWrite && request.Length > PayloadMax) return ErrorOverflow;
        if (request.Type == CommandBlockStatus && (export.Contexts == 0 || !structured)) return ErrorInvalid;
        if (changes && device.IsReadOnly) return ErrorPermission;
        return request.Type == CommandWriteZeroes && request.Has(CommandFastZero) && !device.ZeroesAreFast
            ? ErrorUnsupported : 0;
    }

    private void Perform(in Request request, ref long payload)
    {
        var offset = (long)request.Offset;
        switch (request.Type)
        {
            case CommandRead:
                Read(request);
                return;
            case CommandBlockStatus:
                ReplyStatus(request);
                return;
            case CommandWrite:
                Write(offset, ref payload);
                writesSinceFlush++;
                written = (offset, request.Length);
                break;
            case CommandFlush:
                flushesOften = writesSinceFlush is > 0 and <= WritesPerFlushMax;
                writesSinceFlush = 0;
                break;
            case CommandTrim:
                device.Trim(offset, request.Length);
                break;
            case CommandWriteZeroes:
                device.WriteZeroes(offset, request.Length, fua: false, keepSpace: request.Has(CommandNoHole));
                break;
            case CommandCache:
                device.Cache(offset, request.Length);
                break;
        }

        // A flush is of the whole device: what this or any other connection was told to be written is durable then.
        if (request.Type == CommandFlush || (request.Has(CommandFua) && request.Type != CommandCache))
        {
            // It takes as long as the disk does; the replies that are ready need not wait for it.
            stream.Send();
            device.Flush();
        }

        if (structured) Chunk(request, ChunkDone, ChunkNone, 0);
        else Simple(request, 0);
    }

    private void Write(long offset, ref long payload)
    {
        while (payload > 0)
        {
            var part = stream.Take((int)Math.Min(payload, NbdStream.PieceMax));

            // Taken before it is written: whatever fails, the stream is in step.
            payload -= part.Length;
            device.Write(offset, part);
            offset += part.Length;
        }
    }

    private void Read(in Request request)
    {
        var offset = (long)request.Offset;
        var left = (int)request.Length;
        if ((structured || left >= DeviceRange.ReferenceBytesMin) && ReadByReference(request)) return;
        if (left <= NbdStream.PieceMax || (structured && !request.Has(CommandDf)))
        {
            while (left > 0)
            {
                var part = Math.Min(left, NbdStream.PieceMax);
                ReadPart(request, offset, part, part == left);
                offset += part;
                left -= part;
            }

            return;
        }

        // One reply, longer than the buffer, cannot be taken back: an error must show before its first byte is sent.
        for (var at = 0; at < left; at += NbdStream.PieceMax)
        {
            var part = Math.Min(left - at, NbdStream.PieceMax);
            var room = stream.Put(part);
            try
            {
                device.Read(offset + at, room);
            }
            finally
            {
                stream.Unput(part);
            }
        }

        ReplyHeader(request, ChunkDone, offset, left);
        SendRest(offset, left);
    }

    private void ReadPart(in Request request, long offset, int length, bool last)
    {
        var header = structured ? ChunkSize + 8 : SimpleSize;
        var room = stream.Put(header + length);
        try
        {
            device.Read(offset, room[header..]);
        }
        catch
        {
            stream.Unput(header + length);
            throw;
        }

        // The header goes before the bytes that are there already.
        stream.Unput(header + length);
        ReplyHeader(request, last ? ChunkDone : (ushort)0, offset, length);
        stream.Put(length);
    }

    // A hole is a few bytes; what one clear file holds goes from its pages to the socket.
    private bool ReadByReference(in Request request)
    {
        var offset = (long)request.Offset;
        var length = (int)request.Length;
        var range = device.Locate(offset, length);
        if (range.IsZero && structured)
        {
            Chunk(request, ChunkDone, ChunkOffsetHole, 12);
            stream.Put64(request.Offset);
            stream.Put32(request.Length);
            return true;
        }

        if (range.File is not { } file || !export.ByReference) return false;
        ReplyHeader(request, ChunkDone, offset, length);
        var sent = stream.SendFile(file, range.FileOffset, length);
        if (sent < length)
        {
            // Read in the ordinary way it fails with an error to the client, when that has asked again. A layer that
            // was merged away meanwhile is no failure.
            if (!file.IsClosed) export.Distrust();
            SendRest(offset + sent, length - sent);
        }

        return true;
    }

    // The header has promised these bytes. Where they cannot be had any more, only the end of the connection says so.
    private void SendRest(long offset, int left)
    {
        try
        {
            while (left > 0)
            {
                var part = Math.Min(left, NbdStream.PieceMax);
                device.Read(offset, stream.Put(part));
                offset += part;
                left -= part;
            }
        }
        catch (IOException e) when (e is not EndOfStreamException)
        {
            throw new NbdProtocolException("A read failed in the middle of its reply.");
        }
    }

    private void ReplyHeader(in Request request, ushort flags, long offset, int length)
    {
        if (!structured)
        {
            Simple(request, 0);
            return;
        }

        Chunk(request, flags, ChunkOffsetData, (uint)length + 8);
        stream.Put64((ulong)offset);
    }

    private void ReplyStatus(in Request request)
    {
        var length = Math.Min(request.Length, StatusBytesMax);
        var most = request.Has(CommandReqOne) ? 1 : ExtentsMax;
        if ((export.Contexts & AllocationContextId) != 0)
        {
            var done = export.Contexts == AllocationContextId ? ChunkDone : (ushort)0;
            var extents = device.Status((long)request.Offset, length, most);
            ReplyExtents(request, done, AllocationContextId, extents, StateHole | StateZero, 0);
        }

        if ((export.Contexts & DirtyContextId) == 0) return;
        var changed = device.Changes((long)request.Offset, length, most);
        ReplyExtents(request, ChunkDone, DirtyContextId, changed, 0, StateDirty);
    }

    private void ReplyExtents(
        in Request request, ushort flags, uint context, IReadOnlyList<DeviceExtent> extents, uint zero, uint data)
    {
        Chunk(request, flags, ChunkBlockStatus, (uint)(4 + (extents.Count * 8)));
        stream.Put32(context);
        foreach (var extent in extents)
        {
            stream.Put32((uint)extent.Length);
            stream.Put32(extent.IsZero ? zero : data);
        }
    }

    private void Fail(in Request request, uint error)
    {
        if (!structured)
        {
            Simple(request, error);
            return;
        }

        var text = Encoding.ASCII.GetBytes(error switch
        {
            ErrorNoSpace => "no space",
            ErrorPermission => "read-only",
            ErrorIo => "the bytes failed a check or the disk an operation",
            ErrorOverflow => "more than was announced",
            ErrorUnsupported => "zeros would have to be written",
            _ => "not a valid request",
        });
        Chunk(request, ChunkDone, ChunkError, (uint)(6 + text.Length));
        stream.Put32(error);
        stream.Put16((ushort)text.Length);
        text.CopyTo(stream.Put(text.Length));
    }

    private void Simple(in Request request, uint error)
    {
        var reply = stream.Put(SimpleSize);
        BinaryPrimitives.WriteUInt32BigEndian(reply, SimpleReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(reply[4..], error);
        BinaryPrimitives.WriteUInt64BigEndian(reply[8..], request.Cookie);
    }

    private void Chunk(in Request request, ushort flags, ushort type, uint length)
    {
        var reply = stream.Put(ChunkSize);
        BinaryPrimitives.WriteUInt32BigEndian(reply, StructuredReplyMagic);
        BinaryPrimitives.WriteUInt16BigEndian(reply[4..], flags);
        BinaryPrimitives.WriteUInt16BigEndian(reply[6..], type);
        BinaryPrimitives.WriteUInt64BigEndian(reply[8..], request.Cookie);
        BinaryPrimitives.WriteUInt32BigEndian(reply[16..], length);
    }
}
