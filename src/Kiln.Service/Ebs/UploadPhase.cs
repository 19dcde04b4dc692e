namespace Kiln.Service.Ebs;

/// <summary>Whether an upload takes blocks.</summary>
internal enum UploadPhase
{
    /// <summary>Blocks are taken.</summary>
    Open,

    /// <summary>CompleteSnapshot is counting; it either closes or opens again.</summary>
    Closing,

    /// <summary>A commit of CompleteSnapshot failed in a way that leaves its outcome open: the row has to be
    /// asked.</summary>
    Unknown,

    /// <summary>CompleteSnapshot has counted. No more blocks.</summary>
    Closed,
}
