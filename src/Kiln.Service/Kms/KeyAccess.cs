namespace Kiln.Service.Kms;

/// <summary>The circumstances of a use of a key, which key policies and grants may ask for.</summary>
public sealed record KeyAccess
{
    /// <summary>The encryption context.</summary>
    public IReadOnlyDictionary<string, string> Context { get; init; } = new Dictionary<string, string>();

    /// <summary>The service that uses the key for the caller, e.g. <c>ec2.us-east-1.amazonaws.com</c>; null for
    /// none.</summary>
    public string? ViaService { get; init; }

    /// <summary>The alias by which the caller named the key; null when by id.</summary>
    public string? Alias { get; init; }

    /// <summary>The operations that a new grant is to allow; null for other calls.</summary>
    public IReadOnlyList<string>? GrantOperations { get; init; }

    /// <summary>To whom a new grant is to be given; null for other calls.</summary>
    public string? GranteePrincipal { get; init; }
}
