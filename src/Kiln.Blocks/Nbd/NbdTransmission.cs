using System.Buffers.Binary;
using System.Text;
using Kiln.Blocks.Devices;
using static Kiln.Blocks.Nbd.NbdProtocol;

namespace Kiln.Blocks.Nbd;

/// <summary>Requests and replies, one after the other on the connection's thread; replies go in batches.</summary>
internal sealed class NbdTransmission(
    NbdStream stream, IDevice device, bool structured, bool allocation, NbdTally tally)
{
    private const int RequestSize = 28;
    private byte[] buffer = GC.AllocateUninitializedArray<byte>(Block.Size);

    private readonly record struct Request(ushort Flags, ushort Type, ulong Cookie, ulong Offset, uint Length);

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
        }
    }

    private void Serve(Request request)
    {
        if (request.Type == CommandWrite && !TakePayload(request)) return;
        var error = Validate(request);
        if (error != 0)
        {
            Fail(request, error);
            return;
        }

        try
        {
            Perform(request);
        }
        catch (StoreFullException)
        {
            Fail(request, ErrorNoSpace);
        }
        catch (StoreReadOnlyException)
        {
            Fail(request, ErrorPermission);
        }
        catch (ArgumentOutOfRangeException)
        {
            Fail(request, ErrorInvalid);
        }
        catch (IOException e) when (e is not NbdProtocolException and not EndOfStreamException
            && e.InnerException is not System.Net.Sockets.SocketException)
        {
            Fail(request, ErrorIo);
        }
    }

    // The payload is there whether or not the request is acceptable.
    private bool TakePayload(Request request)
    {
        if (request.Length > PayloadMax)
        {
            stream.Skip(request.Length);
            Fail(request, ErrorOverflow);
            return false;
        }

        stream.TakeInto(Room(request.Length));
        return true;
    }

    private uint Validate(Request request)
    {
        var known = (ushort)(CommandFua | 2 | 4 | CommandReqOne | 16);
        if ((request.Flags & ~known) != 0) return ErrorInvalid;
        switch (request.Type)
        {
            case CommandFlush:
                return request.Offset == 0 && request.Length == 0 ? 0 : ErrorInvalid;
            case CommandRead or CommandWrite or CommandTrim or CommandWriteZeroes or CommandBlockStatus:
                break;
            default:
                return ErrorInvalid;
        }

        var size = (ulong)device.SizeBytes;
        if (request.Offset > size || request.Length > size - request.Offset)
            return request.Type is CommandWrite or CommandWriteZeroes ? ErrorNoSpace : ErrorInvalid;
        if (((request.Offset | request.Length) & (VolumeDevice.AlignmentBytes - 1)) != 0 || request.Length == 0)
            return ErrorInvalid;
        if (request.Type == CommandRead && request.Length > PayloadMax) return ErrorOverflow;
        if (request.Type == CommandBlockStatus && !allocation) return ErrorInvalid;
        var changes = request.Type is CommandWrite or CommandTrim or CommandWriteZeroes;
        return changes && device.IsReadOnly ? ErrorPermission : 0;
    }

    private void Perform(Request request)
    {
        var offset = (long)request.Offset;
        var fua = (request.Flags & CommandFua) != 0;
        switch (request.Type)
        {
            case CommandRead:
                var part = Room(request.Length);
                device.Read(offset, part);
                ReplyData(request, part);
                return;
            case CommandWrite:
                device.Write(offset, buffer.AsSpan(0, (int)request.Length), fua);
                break;
            case CommandTrim:
                device.Trim(offset, request.Length);
                if (fua) device.Flush();
                break;
            case CommandWriteZeroes:
                device.WriteZeroes(offset, request.Length, fua);
                break;
            case CommandFlush:
                device.Flush();
                break;
            default:
                ReplyStatus(request);
                return;
        }

        ReplyDone(request);
    }

    private Span<byte> Room(uint length)
    {
        if (buffer.Length < length) buffer = GC.AllocateUninitializedArray<byte>((int)PayloadMax);
        return buffer.AsSpan(0, (int)length);
    }

    private void ReplyDone(Request request)
    {
        if (structured) Chunk(request, ChunkDone, ChunkNone, 0);
        else Simple(request, 0);
    }

    private void ReplyData(Request request, ReadOnlySpan<byte> data)
    {
        if (structured)
        {
            Chunk(request, ChunkDone, ChunkOffsetData, (uint)data.Length + 8);
            stream.Put64(request.Offset);
        }
        else
        {
            Simple(request, 0);
        }

        stream.PutLarge(data);
    }

    private void ReplyStatus(Request request)
    {
        var one = (request.Flags & CommandReqOne) != 0;
        var length = Math.Min(request.Length, StatusBytesMax);
        var extents = device.Status((long)request.Offset, length, one ? 1 : ExtentsMax);
        Chunk(request, ChunkDone, ChunkBlockStatus, (uint)(4 + (extents.Count * 8)));
        stream.Put32(AllocationContextId);
        foreach (var extent in extents)
        {
            stream.Put32((uint)extent.Length);
            stream.Put32(extent.IsZero ? StateHole | StateZero : 0);
        }
    }

    private void Fail(Request request, uint error)
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
            _ => "not a valid request",
        });
        Chunk(request, ChunkDone, ChunkError, (uint)(6 + text.Length));
        stream.Put32(error);
        stream.Put16((ushort)text.Length);
        text.CopyTo(stream.Put(text.Length));
    }

    private void Simple(Request request, uint error)
    {
        var reply = stream.Put(16);
        BinaryPrimitives.WriteUInt32BigEndian(reply, SimpleReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(reply[4..], error);
        BinaryPrimitives.WriteUInt64BigEndian(reply[8..], request.Cookie);
    }

    private void Chunk(Request request, ushort flags, ushort type, uint length)
    {
        var reply = stream.Put(20);
        BinaryPrimitives.WriteUInt32BigEndian(reply, StructuredReplyMagic);
        BinaryPrimitives.WriteUInt16BigEndian(reply[4..], flags);
        BinaryPrimitives.WriteUInt16BigEndian(reply[6..], type);
        BinaryPrimitives.WriteUInt64BigEndian(reply[8..], request.Cookie);
        BinaryPrimitives.WriteUInt32BigEndian(reply[16..], length);
    }
}
