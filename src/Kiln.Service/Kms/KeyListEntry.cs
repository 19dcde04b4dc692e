namespace Kiln.Service.Kms;

/// <summary>A key in ListKeys. KMS API Reference "KeyListEntry".</summary>
public sealed record KeyListEntry(string? KeyId, string? KeyArn);
