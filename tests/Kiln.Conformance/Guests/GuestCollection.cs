namespace Kiln.Conformance.Guests;

/// <summary>Tests on booted machines, one after the other over one service.</summary>
[CollectionDefinition("guests")]
public sealed class GuestCollection : ICollectionFixture<GuestWorld>;
