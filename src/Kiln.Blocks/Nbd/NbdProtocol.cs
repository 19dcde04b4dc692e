namespace Kiln.Blocks.Nbd;

/// <summary>Numbers of the NBD protocol (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md).</summary>
internal static class NbdProtocol
{
    internal const ulong Magic = 0x4E42_444D_4147_4943; // "NBDMAGIC"
    internal const ulong OptionMagic = 0x4948_4156_454F_5054; // "IHAVEOPT"
    internal const ulong OptionReplyMagic = 0x3e889045565a9;
    internal const uint RequestMagic = 0x25609513;
    internal const uint SimpleReplyMagic = 0x67446698;
    internal const uint StructuredReplyMagic = 0x668e33ef;

    internal const ushort FlagFixedNewstyle = 1;
    internal const ushort FlagNoZeroes = 2;

    internal const uint OptionExportName = 1;
    internal const uint OptionAbort = 2;
    internal const uint OptionList = 3;
    internal const uint OptionInfo = 6;
    internal const uint OptionGo = 7;
    internal const uint OptionStructuredReply = 8;
    internal const uint OptionListMetaContext = 9;
    internal const uint OptionSetMetaContext = 10;

    internal const uint ReplyAck = 1;
    internal const uint ReplyServer = 2;
    internal const uint ReplyInfo = 3;
    internal const uint ReplyMetaContext = 4;
    internal const uint ReplyErrorUnsupported = 0x8000_0001;
    internal const uint ReplyErrorInvalid = 0x8000_0003;
    internal const uint ReplyErrorUnknown = 0x8000_0006;
    internal const uint ReplyErrorTooBig = 0x8000_0009;

    internal const ushort InfoExport = 0;
    internal const ushort InfoBlockSize = 3;

    internal const ushort HasFlags = 1;
    internal const ushort ReadOnly = 2;
    internal const ushort SendFlush = 4;
    internal const ushort SendFua = 8;
    internal const ushort SendTrim = 32;
    internal const ushort SendWriteZeroes = 64;
    internal const ushort SendDf = 128;
    internal const ushort CanMultiConn = 256;
    internal const ushort SendCache = 1024;
    internal const ushort SendFastZero = 2048;

    internal const ushort CommandRead = 0;
    internal const ushort CommandWrite = 1;
    internal const ushort CommandDisconnect = 2;
    internal const ushort CommandFlush = 3;
    internal const ushort CommandTrim = 4;
    internal const ushort CommandCache = 5;
    internal const ushort CommandWriteZeroes = 6;
    internal const ushort CommandBlockStatus = 7;

    internal const ushort CommandFua = 1;
    internal const ushort CommandNoHole = 2;
    internal const ushort CommandDf = 4;
    internal const ushort CommandReqOne = 8;
    internal const ushort CommandFastZero = 16;

    /// <summary>All flags of commands that there are.</summary>
    internal const ushort CommandFlags =
        CommandFua | CommandNoHole | CommandDf | CommandReqOne | CommandFastZero;

    internal const ushort ChunkDone = 1;
    internal const ushort ChunkNone = 0;
    internal const ushort ChunkOffsetData = 1;
    internal const ushort ChunkOffsetHole = 2;
    internal const ushort ChunkBlockStatus = 5;
    internal const ushort ChunkError = 0x8001;

    internal const uint StateHole = 1;
    internal const uint StateZero = 2;
    internal const uint StateDirty = 1;

    internal const uint ErrorPermission = 1;
    internal const uint ErrorIo = 5;
    internal const uint ErrorInvalid = 22;
    internal const uint ErrorNoSpace = 28;
    internal const uint ErrorOverflow = 75;
    internal const uint ErrorUnsupported = 95;

    internal const string AllocationContext = "base:allocation";

    /// <summary>What a snapshot taken now would have to read: written since the last one was stored.</summary>
    internal const string DirtyContext = "kiln:dirty";

    // Each id is a bit, so that a set of contexts is a number.
    internal const uint AllocationContextId = 1;
    internal const uint DirtyContextId = 2;

    /// <summary>Most bytes of one read or write: what QEMU and the kernel never exceed, and we announce.</summary>
    internal const uint PayloadMax = 32 << 20;

    /// <summary>Longest option a client may send: a name of 4096 bytes and some context queries.</summary>
    internal const uint OptionMax = 16_384;

    /// <summary>Most options before a client must have chosen: a loop of options is not a client.</summary>
    internal const int OptionsMax = 64;

    /// <summary>Most extents in one block status reply.</summary>
    internal const int ExtentsMax = 1024;

    /// <summary>Most bytes that one block status request looks at: an answer may cover less than was asked.</summary>
    internal const long StatusBytesMax = 1L << 30;
}
