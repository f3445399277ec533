
destructor T<!--Fish.Dy;
begin
  Dec(-->Fint);
